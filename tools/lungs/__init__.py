"""Train the network that finds the lungs: `python -m tools.lungs DATA`."""
