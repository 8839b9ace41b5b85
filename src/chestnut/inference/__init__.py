"""Predict images with a run's network, and evaluate it."""
