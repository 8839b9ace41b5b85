"""The guard: whether an image is like those that a network was trained on, and what is unlike; without Keras."""
