"""Cells of networks that are searched for: what may stand on an edge, the mixture of it all, and what was found."""
