"""Judge a recipe on every image, each time by a run that did not train on its patient."""
