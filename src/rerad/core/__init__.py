"""What every stage stands on: atomic files, errors, seeds, locks, digests, parallel cases, costs, splits."""
