"""Images as dots in two dimensions, near each other where a network finds them alike."""
