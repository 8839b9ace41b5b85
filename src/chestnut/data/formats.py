"""The image formats that chestnut reads: their suffixes, and their names in messages."""

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".bmp"})
DICOM_SUFFIXES = frozenset({".dcm", ".dicom"})

#: The list of formats in error messages.
FORMATS = "JPEG, PNG, TIFF, WebP, BMP or DICOM"
