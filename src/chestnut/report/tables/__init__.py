"""The tables of a run, for a paper: made once from its saved files, and written as CSV, LaTeX or XLSX."""
