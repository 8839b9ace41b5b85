"""How well probabilities agree with observed shares."""
