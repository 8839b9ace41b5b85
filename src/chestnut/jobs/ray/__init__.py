"""Jobs and batch predictions on a Ray cluster."""
