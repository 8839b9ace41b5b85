"""Recipes without a network: features with a linear model or a support vector machine."""
