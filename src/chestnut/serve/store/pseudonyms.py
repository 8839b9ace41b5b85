"""`Pseudonyms`: turns the identities in DICOM headers into keyed hashes.

The same identity always gives the same hash, so that a patient's images can be found and kept on one side of a split.
Without the key nobody can find the identity by trying all that there are, as one can for a plain hash of a short
number.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import re
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from chestnut.data.decoding.decode import quiet
from chestnut.data.decoding.dicom_file import read_dataset
from chestnut.data.decoding.faults import FAULTS
from chestnut.data.decoding.raw import START, sniff
from chestnut.errors import ImageError, StoreError
from chestnut.files.atomic import replacing
from chestnut.files.disk_errors import disk_errors
from chestnut.files.locks import locked
from chestnut.serve.store.entry import Subject
from chestnut.serve.store.places import default_key

if TYPE_CHECKING:
    from pydicom import Dataset

_KEY_BYTES = 32
_KEY = re.compile(r"[0-9a-f]{64}\s*")

_ELEMENTS = ("PatientID", "IssuerOfPatientID", "StudyInstanceUID", "SOPInstanceUID")

_UNREADABLE: tuple[type[Exception], ...] = (ImageError, *FAULTS)


class Pseudonyms:
    """Turns identities into keyed hashes (HMAC-SHA-256).

    Args:
        key: The key, 32 random bytes.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def open(cls, path: Path | None = None) -> Pseudonyms:
        """Read the key from a file; a new one is made if there is no file. Only its owner can read it.

        Services that share a database need copies of one key. Without the key, hashes of old rows match no new ones.

        Args:
            path: The file; None for the one in the user's folder for data.

        Raises:
            StoreError: The file contains no key.
            DiskError: It cannot be read or written.
        """
        path = path or default_key()
        with disk_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with locked(path.with_name(f".{path.name}.lock")):
                if not path.exists():
                    with replacing(path) as draft:
                        draft.chmod(0o600)
                        draft.write_text(secrets.token_hex(_KEY_BYTES) + "\n")
                text = path.read_text(encoding="ascii", errors="replace")
        if not _KEY.fullmatch(text):
            raise StoreError(f"{path} contains no key of 64 hexadecimal digits; restore it, or remove it for a new one")
        return cls(bytes.fromhex(text))

    def pseudonym(self, kind: str, *identity: str) -> str:
        """Return the keyed hash of an identity as 64 hexadecimal digits.

        Args:
            kind: What it identifies; equal texts of two kinds have different hashes.
            identity: The parts of the identity.

        >>> pseudonyms = Pseudonyms(bytes(32))
        >>> pseudonyms.pseudonym("study", "1.2") == pseudonyms.pseudonym("study", "1.2")
        True
        >>> pseudonyms.pseudonym("study", "1.2") == pseudonyms.pseudonym("instance", "1.2")
        False
        """
        return hmac.new(self._key, "\0".join((kind, *identity)).encode(), hashlib.sha256).hexdigest()

    def read_subject(self, content: bytes) -> Subject:
        """Return whom an image shows, from the header of a DICOM file; nothing for other files and damaged ones."""
        if sniff(content[:START]) != "DICOM":
            return Subject()
        try:
            with quiet():
                return self.subject(read_dataset(io.BytesIO(content), "the image", _ELEMENTS, pixels=False))
        except _UNREADABLE:
            return Subject()

    def subject(self, dataset: Dataset) -> Subject:
        """Return whom a DICOM object shows. An ID that only says that the patient is anonymous counts as none."""
        patient, issuer, study, instance = (_text(dataset.get(element)) for element in _ELEMENTS)
        known = patient and not patient.lower().startswith("anon")
        return Subject(
            patient=self.pseudonym("patient", issuer, patient) if known else None,
            study=self.pseudonym("study", study) if study else None,
            instance=self.pseudonym("instance", instance) if instance else None,
        )


def _text(value: object) -> str:
    return "" if value is None else str(value).replace("\0", "").strip()
