"""Which labels may be wrong, how many of them, and the table in which they are reviewed."""
