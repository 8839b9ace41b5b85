"""Public collections that can be downloaded by name."""
