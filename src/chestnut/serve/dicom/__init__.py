"""A DICOM listener: takes chest radiographs from the network, scores them and sends results on. Never with Keras."""
