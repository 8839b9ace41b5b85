"""Drawing only: each function takes a result and gives a matplotlib figure."""
