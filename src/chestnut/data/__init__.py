"""Turn files on disk into a `Manifest` with splits, and into decoded pixels. Nothing here imports Keras."""
