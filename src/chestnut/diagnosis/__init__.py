"""What learning curves say about a training, and which changes of the recipe to try."""
