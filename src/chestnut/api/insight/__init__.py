"""Look into a trained network and at its answers: maps, layers, mistakes, labels that may be wrong."""
