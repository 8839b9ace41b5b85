"""Programs for the development of chestnut that are not part of the package."""
