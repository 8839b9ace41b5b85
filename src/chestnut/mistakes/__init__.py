"""Which images a network decides wrongly, which of their labels may be wrong, and what such images have in common."""
