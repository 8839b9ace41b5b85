"""From targets and probabilities to figures with intervals. NumPy alone: draws nothing, reads no file."""
