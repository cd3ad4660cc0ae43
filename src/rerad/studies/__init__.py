"""Studies and runs: load, check and expand the configuration."""

from rerad.studies.load import Plan, load, trained_methods

__all__ = ["Plan", "load", "trained_methods"]
