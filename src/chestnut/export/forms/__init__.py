"""The forms in which a network can be exported: how each is written, and how it is read again."""
