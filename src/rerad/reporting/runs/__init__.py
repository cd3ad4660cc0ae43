"""Two finished runs side by side: ``python -m rerad.reporting.runs A B``."""
