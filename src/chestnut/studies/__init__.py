"""Lists of jobs and what they show: comparisons, cross-validations, searches, ensembles."""
