"""The codes of findings, and of what is said of them."""

from __future__ import annotations

import re
from typing import Final

from pydicom.sr.coding import Code

PRESENCE: Final = Code("705057003", "SCT", "Presence")
PRESENT: Final = Code("52101004", "SCT", "Present")
ABSENT: Final = Code("2667000", "SCT", "Absent")
CERTAINTY: Final = Code("111012", "DCM", "Certainty of Finding")
COMMENT: Final = Code("121106", "DCM", "Comment")
PERCENT: Final = Code("%", "UCUM", "Percent")
YES: Final = Code("373066001", "SCT", "Yes")
NO: Final = Code("373067005", "SCT", "No")
CHEST_RADIOGRAPH: Final = Code("399208008", "SCT", "Plain chest X-ray")
SOURCE_IMAGE: Final = Code("121322", "DCM", "Source image for image processing operation")

#: The scheme of the codes of our own (PS3.16 8.2: names that begin with 99 are private).
PRIVATE: Final = "99CHESTNUT"
LIKE_TRAINING: Final = Code("GUARD", PRIVATE, "Image is like the training images")

_FINDINGS = {
    "PNEUMONIA": Code("233604007", "SCT", "Pneumonia"),
    "COVID19": Code("840539006", "SCT", "COVID-19"),
    "COVID": Code("840539006", "SCT", "COVID-19"),
}

#: The names of classes that stand for no finding.
_NORMAL = frozenset({"NORMAL", "NOFINDING", "NOFINDINGS", "HEALTHY", "NEGATIVE"})

#: The most characters of a code and of its meaning (PS3.5 6.2, SH and LO).
_CODE, _MEANING = 16, 64


def finding_code(name: str) -> Code:
    """Return the code of a class; one of our own where SNOMED CT has none that is known here.

    >>> finding_code("Covid-19").value, finding_code("Effusion")
    ('840539006', Code(value='EFFUSION', scheme_designator='99CHESTNUT', meaning='Effusion', scheme_version=None))
    """
    known = _FINDINGS.get(_letters(name))
    if known is not None:
        return known
    meaning = to_ascii(name, _MEANING)
    return Code(_letters(meaning)[:_CODE] or "CLASS", PRIVATE, meaning)


def is_finding(name: str) -> bool:
    """Tell whether a class is a finding, and not the absence of any."""
    return _letters(name) not in _NORMAL


def to_ascii(text: str, most: int) -> str:
    """Return a text in ASCII of at most so many characters; others become question marks.

    >>> to_ascii("Ödem", 10)
    '?dem'
    """
    return text.encode("ascii", "replace").decode()[:most].replace("\\", "/").strip()


def _letters(name: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", name.upper())
