"""The tables of results that commands print."""
