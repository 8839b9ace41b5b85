"""From files on disk to a `Manifest` and a pixel cache. NumPy and pandas only: no framework is imported here."""
