"""Judge a training by its learning curves, and propose changes of the recipe."""
