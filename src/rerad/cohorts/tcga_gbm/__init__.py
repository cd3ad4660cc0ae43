"""TCGA-GBM: gene expression of glioblastomas, and the shapes of those that have a segmented MR."""
