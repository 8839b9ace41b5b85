"""The pictures of a run: drawn from its images and its saved results, without its network."""
