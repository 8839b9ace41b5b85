"""Commands that put a network to work."""
