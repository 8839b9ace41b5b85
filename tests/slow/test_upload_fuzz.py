"""Uploads whose bytes are mutated files of every format: each is decoded, or refused in one short line."""

import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

import hostile_images as files
from chestnut.config import InputSpec
from chestnut.data.decoding.decode import quiet
from chestnut.data.decoding.raw import Raw
from chestnut.errors import ImageError
from chestnut.explain.picture import view_picture
from chestnut.names import is_safe
from chestnut.serve.scoring.upload import Decoded, Upload, decode_upload

pytestmark = pytest.mark.slow

GREY = files.GREY
SPEC = InputSpec(height=32, width=32)
REAL = Path(__file__).parents[3] / "shared/data/dicom"

#: What no file may take to be decoded or refused, on a machine that does other work too.
SECONDS = 10

#: Numbers that a length, a count or an offset is never meant to be.
ODD = [b"\0\0\0\0", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x7f\xff\xff\xff", b"\0\0\0\x80", b"\xfe\xff\0\0"]


def compressed_by(syntax):
    made = files.dataset()
    made.compress(syntax)
    return files.dicom(made)


def seeds():
    colour = Image.fromarray(GREY).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6
    yield from (files.saved(GREY, format=name) for name in ("PNG", "JPEG", "BMP", "WEBP"))
    yield files.saved(colour, format="JPEG", progressive=True, exif=exif)
    yield files.saved(GREY.astype(np.uint16) * 16, format="PNG")
    yield from (files.saved(colour, format="TIFF", compression=one) for one in ("raw", "tiff_lzw", "tiff_deflate"))
    yield from (
        files.dicom(files.dataset(syntax=one)) for one in (ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian)
    )
    yield files.dicom(files.dataset(PatientName="DOE^JANE", WindowCenter="40", WindowWidth="80"))
    yield from (compressed_by(one) for one in (RLELossless, JPEG2000Lossless, JPEGLSLossless))
    yield files.compressed(files.saved(GREY, format="JPEG"), JPEGBaseline8Bit)
    if REAL.is_dir():
        yield from (path.read_bytes()[:40_000] for path in sorted(REAL.iterdir()))


SEEDS = list(seeds())


@st.composite
def mutated(draw):
    """A file with some bytes changed, moved, repeated or cut off, perhaps joined with a file of another format."""
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(0, 6))):
        where = draw(st.integers(0, min(len(data), draw(st.sampled_from([40, 400, 2000, len(data)]))) - 1))
        length = draw(st.integers(1, 64))
        match draw(st.sampled_from(["byte", "number", "delete", "repeat", "insert"])):
            case "byte":
                data[where] = draw(st.integers(0, 255))
            case "number":
                data[where : where + 4] = draw(st.sampled_from(ODD))
            case "delete":
                del data[where : where + length]
            case "repeat":
                data[where:where] = data[where : where + length] * draw(st.integers(1, 50))
            case "insert":
                data[where:where] = draw(st.binary(max_size=40))
        if not data:
            break
    if draw(st.integers(0, 4)) == 0:
        data = data[: draw(st.integers(0, len(data)))] + draw(st.sampled_from(SEEDS))
    if draw(st.integers(0, 2)) == 0:
        data = data[: draw(st.integers(0, len(data)))]
    return bytes(data)


@settings(max_examples=500, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(content=mutated(), name=st.text(max_size=300))
def test_whatever_bytes_arrive_are_decoded_or_refused_in_one_line(content, name):
    upload = Upload.named(name, content)
    began = time.monotonic()
    try:
        decoded = decode_upload(upload, SPEC)
        assert isinstance(decoded, Decoded)
        assert decoded.seen.image.shape == (32, 32)
        with quiet():
            framed, picture = view_picture(Raw(upload.name, content), SPEC)
        assert (framed.image == decoded.seen.image).all()
        assert max(picture.grey.shape) <= 1024
    except ImageError as error:
        assert str(error).startswith(upload.name)
        assert error.reason
        assert len(error.reason) < 500, error.reason
        assert error.reason.isprintable(), repr(error.reason)
        assert "Traceback" not in error.reason
        assert "DOE" not in error.reason
    assert time.monotonic() - began < SECONDS
    assert "/" not in upload.name
    assert is_safe(upload.name)
