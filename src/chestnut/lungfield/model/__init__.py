"""The network that finds the lungs, as ONNX, with its model card."""

#: The side of the picture that the network sees, and of the field that it returns, in pixels.
SIDE, FIELD = 96, 48
