"""Make a run of a network that was trained elsewhere, without training."""
