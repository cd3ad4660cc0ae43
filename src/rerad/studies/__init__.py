"""Studies and runs: load, check and expand the configuration."""

from rerad.studies.load import Plan, load

__all__ = ["Plan", "load"]
