"""Regenerate every table and figure of five radiomics papers, and say why they differ."""
