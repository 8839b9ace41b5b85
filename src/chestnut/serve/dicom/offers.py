"""What the listener accepts in a negotiation: classes of objects, and the transfer syntaxes that can be decoded."""

from __future__ import annotations

from typing import Final

#: The classes of images that are scored.
IMAGES: Final = {
    "1.2.840.10008.5.1.4.1.1.1": "Computed Radiography Image Storage",
    "1.2.840.10008.5.1.4.1.1.1.1": "Digital X-Ray Image Storage - For Presentation",
    "1.2.840.10008.5.1.4.1.1.1.1.1": "Digital X-Ray Image Storage - For Processing",
    "1.2.840.10008.5.1.4.1.1.7": "Secondary Capture Image Storage",
}

#: The class of images that a detector has not yet made ready to be read.
FOR_PROCESSING: Final = "1.2.840.10008.5.1.4.1.1.1.1.1"

SECONDARY_CAPTURE: Final = "1.2.840.10008.5.1.4.1.1.7"

#: The class of the reports. It is accepted so that our own, which an archive sends back, are received and dropped.
REPORTS: Final = "1.2.840.10008.5.1.4.1.1.88.34"

VERIFICATION: Final = "1.2.840.10008.1.1"

#: The transfer syntaxes of reports and of the echo, which have no pixels.
PLAIN: Final = {
    "1.2.840.10008.1.2.1": "Explicit VR Little Endian",
    "1.2.840.10008.1.2": "Implicit VR Little Endian",
}

#: The transfer syntaxes of images that chestnut decodes.
SYNTAXES: Final = {
    **PLAIN,
    "1.2.840.10008.1.2.2": "Explicit VR Big Endian",
    "1.2.840.10008.1.2.1.99": "Deflated Explicit VR Little Endian",
    "1.2.840.10008.1.2.5": "RLE Lossless",
    "1.2.840.10008.1.2.4.50": "JPEG Baseline",
    "1.2.840.10008.1.2.4.80": "JPEG-LS Lossless",
    "1.2.840.10008.1.2.4.81": "JPEG-LS Near-Lossless",
    "1.2.840.10008.1.2.4.90": "JPEG 2000 Lossless",
    "1.2.840.10008.1.2.4.91": "JPEG 2000",
}

#: The transfer syntaxes that it decodes where a decoder for them is installed, such as pylibjpeg-libjpeg.
OPTIONAL: Final = {
    "1.2.840.10008.1.2.4.51": "JPEG Extended",
    "1.2.840.10008.1.2.4.57": "JPEG Lossless",
    "1.2.840.10008.1.2.4.70": "JPEG Lossless, First-Order Prediction",
}

#: A decoder that takes the first of them with 8 bits alone.
_PARTIAL: Final = "pillow"


def find_syntaxes() -> list[str]:
    """Return the transfer syntaxes of images that can be decoded here, and no others."""
    from pydicom.pixels import get_decoder

    found = [uid for uid in OPTIONAL if set(get_decoder(uid).available_plugins) - {_PARTIAL}]
    return [*SYNTAXES, *found]
