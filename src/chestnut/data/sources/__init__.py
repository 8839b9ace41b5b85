"""Find the images of a data set in folders, CSV tables, `.npz` archives and DICOM trees."""
