"""What lies behind the numbers of the report's tables: folds, seeds, patients, cost and provenance."""
