"""How well labels that were made wrong on purpose are found."""
