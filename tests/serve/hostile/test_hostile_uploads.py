"""What hostile clients send to `/v1/predict`: each file is refused by itself, and the good ones are answered."""

import io
import logging
import time
import zipfile

import numpy as np
import pytest
from PIL import Image

from chestnut.serve.http.settings import Limits
from chestnut.serve.store.row import Query
from hostile_images import GREY, REFUSED, black_png, dataset, dicom, element, jpeg, png, saved, with_elements, zeros
from serve_client import png as grey_png

#: Bombs that are made in milliseconds: the others are measured in tests/hostile.
BOMBS = (
    "png pixels", "png side", "png exif", "jpeg strip", "jpeg pixels", "tiff strip", "tiff values", "tiff tags",
    "tiff tile", "webp pixels", "webp strip", "bmp pixels", "bmp strip", "dicom nested", "dicom rows", "dicom pixels",
    "dicom strip", "dicom more declared", "dicom frames", "dicom samples", "dicom jpeg pixels", "dicom jpeg 2000",
    "dicom rle",
)  # fmt: skip

SCRIPT = b"<script>alert(document.cookie)</script>"


def archive():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as target:
        target.writestr("../../etc/passwd", "x")
    return file.getvalue()


#: Files that are no images, whatever they are called.
OTHER = {
    "drawing.svg": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "entities.svg": b'<!DOCTYPE s [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><svg>&b;</svg>',
    "page.html": b"<!doctype html>" + SCRIPT,
    "paper.pdf": b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj",
    "moving.gif": saved(GREY, format="GIF"),
    "archive.zip": archive(),
    "postscript.eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(w) run",
    "program.exe": b"MZ" + bytes(200),
    "shell.png": b"#!/bin/sh\nrm -rf /\n",
    "pickle.png": b"\x80\x04\x95cos\nsystem\n.",
    "jp2.png": saved(GREY, format="JPEG2000"),
    "zeros.png": bytes(10_000),
}


def named(files):
    return [("files", (name, content)) for name, content in files.items()]


def test_bombs_are_refused_one_by_one_and_good_images_beside_them_are_answered(serve):
    service, ask = serve()
    files = {name: REFUSED[name][0]() for name in BOMBS} | {"good.png": grey_png(120)}
    began = time.monotonic()
    answer = ask("POST", "/v1/predict", files=named(files))
    assert time.monotonic() - began < 20
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [result["name"] for result in results] == list(files)
    assert [result["name"] for result in results if "error" not in result] == ["good.png"]
    for result, name in zip(results, BOMBS, strict=False):
        assert len(result["error"]) < 300, name
    assert len(service.store.find(Query())) == 1


def test_what_is_no_image_is_refused_and_none_of_it_comes_back(shared):
    _, ask = shared
    answer = ask("POST", "/v1/predict", files=named(OTHER))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/json"
    for result in answer.json()["results"]:
        assert result.keys() == {"name", "error"}
        assert "chestnut reads" in result["error"], result
    assert "<script>" not in answer.text
    for name, content in OTHER.items():
        body = {"content": content, "headers": {"content-type": "image/svg+xml" if "svg" in name else "image/png"}}
        drawn = ask("POST", "/v1/explain?form=picture", **body)
        assert drawn.status_code == 422, name
        assert drawn.headers["content-type"] == "application/json"


@pytest.mark.parametrize("start", [saved(GREY, format="PNG"), saved(GREY, format="JPEG"), dicom(dataset())])
@pytest.mark.parametrize("tail", [SCRIPT, archive(), b"%PDF-1.7\n"])
def test_a_file_of_two_kinds_is_read_as_an_image_and_drawn_anew(shared, start, tail):
    _, ask = shared
    body = {"content": start + tail, "headers": {"content-type": "application/octet-stream"}}
    scored = ask("POST", "/v1/predict", **body)
    drawn = ask("POST", "/v1/explain?form=picture", **body)
    assert scored.status_code in (200, 422)
    assert drawn.status_code == scored.status_code
    assert tail not in drawn.content
    if drawn.status_code == 200:  # grey values alone, without comments or other chunks
        assert drawn.headers["content-type"] == "image/png"
        assert Image.open(io.BytesIO(drawn.content)).info == {}


def test_words_in_a_picture_do_not_come_back_with_it(shared):
    _, ask = shared
    noted = png(64, 48, zeros(48 * 65), extra=[(b"tEXt", b"Comment\0DOE^JANE"), (b"iTXt", b"Author\0\0\0\0\0DOE")])
    patient = dicom(dataset(PatientName="DOE^JANE", PatientID="DOE123"))
    for content in (noted, jpeg(64, 48, comment=b"DOE^JANE"), patient):
        body = {"content": content, "headers": {"content-type": "application/octet-stream"}}
        drawn = ask("POST", "/v1/explain?form=picture", **body)
        assert drawn.status_code == 200, drawn.text
        assert b"DOE" not in drawn.content
        assert "DOE" not in ask("POST", "/v1/predict", **body).text


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP", "BMP", "DICOM"])
def test_a_file_that_ends_anywhere_is_an_error_of_its_own(shared, kind):
    _, ask = shared
    whole = dicom(dataset()) if kind == "DICOM" else saved(GREY, format=kind)
    cuts = [1, 3, 8, 20, 60, len(whole) // 4, len(whole) // 2, len(whole) - len(whole) // 8]
    answer = ask("POST", "/v1/predict", files=named({str(cut): whole[:cut] for cut in cuts}))
    assert answer.status_code in (200, 422)
    assert len(answer.json()["results"]) == len(cuts)
    assert all("Traceback" not in result.get("error", "") for result in answer.json()["results"])


NAMES = {
    "../../../etc/passwd": "passwd",
    "..\\..\\windows\\win.ini": "win.ini",
    "/etc/shadow": "shadow",
    "C:\\boot.ini": "boot.ini",
    "..": "image",
    "": "image",
    "a/../..": "image",
    "x" * 10_000 + ".png": None,
    "<img src=x onerror=alert(1)>": None,
    "~root": "~root",
    "con.png": "con.png",
    "$(reboot).png": "$(reboot).png",
    "肺.png": "肺.png",
}


@pytest.mark.parametrize(("given", "wanted"), NAMES.items(), ids=range(len(NAMES)))
def test_names_lead_nowhere(shared, tmp_path, given, wanted):
    _, ask = shared
    before = sorted(tmp_path.rglob("*"))
    answer = ask("POST", "/v1/predict", files=[("files", (given, grey_png(120)))])
    after = [path for path in tmp_path.rglob("*") if path not in before and "sqlite" not in path.name]
    assert not after
    if answer.status_code == 400:  # without a name it is no file, and headers have a limit
        assert len(given) in (0, 10_004)
        return
    (result,) = answer.json()["results"]
    assert result["decision"] == "PNEUMONIA"
    assert wanted in (None, result["name"])
    assert len(result["name"]) <= 200
    assert "/" not in result["name"]
    assert answer.headers["content-type"] == "application/json"


def form(parts, boundary=b"B"):
    """A multipart form of raw parts, each headers and content."""
    lines = b"".join(b"--%b\r\n%b\r\n\r\n%b\r\n" % (boundary, head, content) for head, content in parts)
    return {
        "content": lines + b"--%b--\r\n" % boundary,
        "headers": {"content-type": f"multipart/form-data; boundary={boundary.decode('latin-1')}"},
    }


FILE = b'Content-Disposition: form-data; name="files"; filename="a.png"\r\nContent-Type: image/png'
FIELD = b'Content-Disposition: form-data; name="x"'
IMAGE, MIXED = grey_png(120), FILE.replace(b"image/png", b"multipart/mixed; boundary=C")

#: Forms that no honest client sends, and the statuses that may answer them.
FORMS = {
    "10,000 files": (lambda: form([(FILE, b"x")] * 10_000), {413}),
    "10,000 fields": (lambda: form([(FIELD, b"x")] * 10_000), {413}),
    "a header of 100,000 bytes": (lambda: form([(FILE + b"\r\nX: " + b"a" * 100_000, IMAGE)]), {400}),
    "10,000 headers": (lambda: form([(FILE + b"\r\nX: a" * 10_000, IMAGE)]), {400}),
    "a name of another field": (lambda: form([(FILE.replace(b'"files"', b'"file"'), IMAGE)]), {400}),
    "no disposition": (lambda: form([(b"Content-Type: image/png", IMAGE)]), {400}),
    "bytes after a boundary": (
        lambda: {**form([]), "content": b"--B\r\n" + FILE + b"\r\n\r\nx\r\n--BDOE\r\n"},
        {400},
    ),
    "a name of a header with spaces": (lambda: form([(b"DOE JANE: x", IMAGE)]), {400}),
    "no parts": (lambda: form([]), {400}),
    "no end": (lambda: {**form([(FILE, IMAGE)]), "content": form([(FILE, IMAGE)])["content"][:-6]}, {400}),
    "another boundary": (lambda: {**form([(FILE, IMAGE)]), "content": form([(FILE, IMAGE)], b"C")["content"]}, {400}),
    "no boundary": (lambda: {"content": b"x", "headers": {"content-type": "multipart/form-data"}}, {400}),
    "a boundary of 5,000 bytes": (lambda: form([(FILE, IMAGE)], b"B" * 5_000), {200, 400}),
    "a form in a form": (lambda: form([(MIXED, form([(FILE, IMAGE)], b"C")["content"])]), {422}),
    "a name with an end of line": (lambda: form([(FILE.replace(b"a.png", b"a%0d%0aSet-Cookie: x=1"), IMAGE)]), {200}),
    "a name with zeros": (lambda: form([(FILE.replace(b"a.png", b"a\0.png"), IMAGE)]), {200, 400}),
    "a name that is not UTF-8": (lambda: form([(FILE.replace(b"a.png", b"\xff\xfe.png"), IMAGE)]), {200}),
    "two names": (lambda: form([(FILE.replace(b"a.png", b'a.png"; filename="../b.png'), IMAGE)]), {200}),
    "an encoding that is not decoded": (
        lambda: form([(FILE + b"\r\nContent-Transfer-Encoding: base64", b"aGVsbG8=")]),
        {422},
    ),
}  # fmt: skip


@pytest.fixture
def logged():
    """The records that reach the log of the process; `caplog` has those that are kept from it too."""
    records, handler = [], logging.Handler()
    handler.emit = records.append
    logging.getLogger().addHandler(handler)
    yield records
    logging.getLogger().removeHandler(handler)


@pytest.mark.parametrize("kind", FORMS)
def test_odd_forms_are_answered_in_a_line(shared, kind, logged):
    _, ask = shared
    make, statuses = FORMS[kind]
    request = make()
    began = time.monotonic()
    answer = ask("POST", "/v1/predict", **request)
    assert time.monotonic() - began < 2
    assert answer.status_code in statuses, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert "set-cookie" not in answer.headers
    assert not [record for record in logged if record.name.startswith(("python_multipart", "chestnut"))]
    if answer.status_code != 200:
        assert answer.json()


LARGE = {
    "colour of 16 bits": (lambda: black_png(4_000, 4_000, 16, 6), "4,000×4,000 pixels of mode RGBA with 16 bits"),
    "colour": (lambda: black_png(6_000, 6_000, 8, 2), "6,000×6,000 pixels of mode RGB with 8 bits"),
    "four colours": (lambda: jpeg(6_000, 6_000, "CMYK"), "144,000,000 bytes in memory, and 100,000,000 are allowed"),
    "grey of 16 bits": (lambda: png(8_000, 8_000, zeros(10), 16), "128,000,000 bytes in memory"),
    "DICOM": (lambda: dicom(dataset(GREY.astype(np.uint16), Rows=8_000, Columns=8_000)), "128,000,000 bytes in memory"),
}


@pytest.mark.parametrize("kind", LARGE)
def test_an_image_that_would_keep_others_waiting_is_refused_before_it_is_decoded(shared, kind):
    _, ask = shared
    make, words = LARGE[kind]
    body = {"content": make(), "headers": {"content-type": "application/octet-stream"}}
    began = time.monotonic()
    for path in ("/v1/predict", "/v1/explain", "/v1/explain?form=picture"):
        answer = ask("POST", path, **body)
        assert answer.status_code == 422
        assert words in answer.text
    assert time.monotonic() - began < 2


def test_large_elements_of_a_dicom_are_not_read(serve):
    _, ask = serve(limits=Limits(file_bytes=60_000_000, request_bytes=70_000_000))
    note = with_elements(element(0x0009, 0x0010, b"UN", bytes(40_000_000)))
    answer = ask("POST", "/v1/predict", content=note, headers={"content-type": "application/dicom"})
    assert answer.status_code == 200  # it lies beside the picture, and is skipped
