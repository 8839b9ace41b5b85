"""Train networks: the training loop, and everything that feeds and follows it."""
