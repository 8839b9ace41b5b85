"""The web service: routes, limits, who may ask, and what is measured."""
