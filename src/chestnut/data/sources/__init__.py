"""Find out which images a data set holds: folders, CSV tables, `.npz` archives and DICOM trees."""
