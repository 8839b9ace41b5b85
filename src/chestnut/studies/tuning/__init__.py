"""Search the settings of a recipe, and say whether the best found is more than luck."""
