"""The image formats that chestnut reads, by suffix and as messages name them."""

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".bmp"})
DICOM_SUFFIXES = frozenset({".dcm", ".dicom"})

#: The formats as error messages list them.
FORMATS = "JPEG, PNG, TIFF, WebP, BMP or DICOM"
