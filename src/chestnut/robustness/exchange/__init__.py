"""Exchange how an image was taken with another image of another class, and see what a network loses by it."""
