"""A synthetic chest, the rays through it and the picture they leave: the physics behind a phantom radiograph.

Lengths are centimetres; x grows to the right of the image, which is the patient's left, and y
downwards from the lung apices. A map is a float32 array of one value a sample.
"""
