"""The Python API: everything that the command line can do, for scripts and notebooks."""
