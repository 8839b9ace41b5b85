"""What is wrong with a data set: duplicates, leaks, outliers and shortcuts, found before anyone trains on it."""
