"""The commands that make, show and check data sets."""
