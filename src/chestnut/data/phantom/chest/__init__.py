"""The physics of a phantom radiograph: a synthetic chest, the X-rays through it and the picture they leave.

Lengths are in centimetres. x increases to the right of the image, which is the patient's left, and y increases
downwards from the lung apices. A map is a float32 array with one value per sample.
"""
