"""From files on disk to a `Manifest` with splits and decoded pixels. NumPy and pandas only; no framework."""
