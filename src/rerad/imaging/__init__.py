"""Reading scans, bringing them onto one grid, and their intensities."""
