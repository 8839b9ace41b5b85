"""Train several recipes on the same images and say which is better."""
