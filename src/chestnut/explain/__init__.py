"""Where a network looked: which places of an image speak for a class. Never with Keras."""
