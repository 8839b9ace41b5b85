"""Measure a service: how fast it answers, what it bears, and what it never loses."""
