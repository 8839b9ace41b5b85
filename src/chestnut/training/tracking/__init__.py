"""Log a run to TensorBoard, MLflow or Weights & Biases."""
