"""Identify the network that comes with chestnut; written by `python -m tools.lungs`."""

#: The SHA-256 of `lungs.onnx`.
SHA256 = "0ce8a8926333bfee38a9e2916bc05b42aeb52e78b25ae6a8206e22ffc8129cbf"
