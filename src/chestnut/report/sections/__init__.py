"""Read what the sections of a page show."""
