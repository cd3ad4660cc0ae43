"""Checks of published tables and claims: each a function from the printed values to findings."""
