"""Write pages, each in a module of its own: a run, a comparison, a cross-validation, a search and an audit."""
