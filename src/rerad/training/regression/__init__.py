"""Regression: several numbers a case from its gene expression, by networks and by models of tables."""
