"""Backbones of the library keras-hub, which is an extra: their presets, layers and weights."""
