"""The weights that a backbone starts from: published ones, or those of a file."""
