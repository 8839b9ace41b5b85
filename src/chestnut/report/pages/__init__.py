"""One module a page: of a run, a comparison, a cross-validation, a search, an audit."""
