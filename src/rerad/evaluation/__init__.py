"""Evaluation: from predictions to metrics with intervals."""
