"""Maps that follow from the gradients of a network, at its last convolution or down to the pixels."""
