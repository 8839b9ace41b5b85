"""From a score to DICOM objects: a structured report, and a picture with the heat map."""
