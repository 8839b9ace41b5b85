"""Turn an image file into grey pixels of the size and range that a network expects."""
