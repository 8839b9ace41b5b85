"""Fit the recipes without gradient steps: features with a linear model or a support vector machine."""
