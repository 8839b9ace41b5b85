"""What runs the network of a bundle: ONNX Runtime, OpenVINO or Keras, behind one interface."""
