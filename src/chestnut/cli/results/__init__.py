"""The commands that judge a trained network, or put it to use."""
