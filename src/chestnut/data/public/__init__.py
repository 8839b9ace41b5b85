"""Download public data sets by name."""
