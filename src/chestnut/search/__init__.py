"""Lists of independent training jobs: comparisons, searches, cross-validation, and the engines that run them."""
