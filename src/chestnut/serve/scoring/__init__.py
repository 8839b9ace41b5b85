"""From the bytes of an image to a score, many clients at a time."""
