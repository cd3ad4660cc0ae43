"""Search: what is chosen inside a training fold before the final model is trained."""
