"""The model card of a run: what the model is, what it is for, and how good it is known to be."""
