"""Write Keras networks as ONNX without TensorFlow: a rule for each kind of layer that chestnut's networks have."""
