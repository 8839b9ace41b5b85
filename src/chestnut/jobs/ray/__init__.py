"""The engine that runs jobs on a Ray cluster."""
