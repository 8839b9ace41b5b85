"""Simulations that show how often intervals hold the true figure, and how often paired tests err."""
