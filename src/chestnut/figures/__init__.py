"""Draw results: each function takes a result and returns a matplotlib figure. Nothing is computed or shown here."""
