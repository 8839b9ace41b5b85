"""Answer over the network: a web service with a page, and a listener for DICOM. Never with Keras."""
