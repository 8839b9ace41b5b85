"""Identify the network that comes with chestnut; written by `python -m tools.lungs`."""

#: The SHA-256 of `lungs.onnx`.
SHA256 = "5809756ce295ea2bae6e9231ab9f243e2e118c923ce7cd3852ab4e86bf92b6fc"
