"""Find what is wrong with a data set before anyone trains on it: duplicates, leaks, outliers and shortcuts."""
