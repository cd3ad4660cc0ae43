"""Training: from a method's entry in a study to predictions, one file per kind of input."""
