"""The page of suspected label errors: no names, no truth that nobody knows, and a table of shares."""

from pathlib import Path

import pytest

from chestnut.data.manifest import Manifest
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.explain.gallery import Gallery, GalleryImage
from chestnut.mistakes.labels.suspects import Suspect, Suspects
from chestnut.report.pages.suspects import write_suspects_page
from chestnut.runs.predictions import PredictionTable
from chestnut.studies.held_out import HeldOut

JPEG = b"\xff\xd8\xff picture"


@pytest.fixture
def held(tmp_path):
    rows = [{"path": f"/clinic/Meier_{n}.png", "label": "AB"[n % 2], "patient": f"Meier_{n}"} for n in range(4)]
    manifest = Manifest.build(rows, Path("/clinic"))
    table = PredictionTable(manifest.frame, manifest.classes)
    return HeldOut(tmp_path, "/clinic", manifest, table, {}, "a friend")


def make(number):
    shares = (Estimate(0.75, 0.5, 1.0), Estimate(0.25, 0.0, 0.5))
    one = Suspect("/clinic/Meier_0.png", "Meier_0", "A", "B", 0.1, 0.9, 0.1)
    pairs = (("A", "B", number),) if number else ()
    found = Suspects("a friend", ("A", "B"), 4, 4, number, pairs, (shares, shares), (one,) * number, ())
    drawn = {"picture": "0001.jpg", "overlay": "0001-map.jpg", "meaning": "what hides it", "evidence": True}
    image = GalleryImage(one.path, one.patient, "A", "B", {"A": 0.1, "B": 0.9}, "B", "occlusion", **drawn)
    images = (image,) * min(number, 2)
    return found, Gallery(images, {"0001.jpg": JPEG, "0001-map.jpg": JPEG} if number else {})


def test_suspects_are_shown_with_what_is_suggested_and_without_names(held, tmp_path):
    found, gallery = make(3)
    write_suspects_page(tmp_path / "page.html", held, found, gallery)
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert text.count("Labelled A; B is suggested.") == 2
    assert "The first 2 of 3 suspects" in text
    assert "25.0\u00a0% (0.0–50.0\u00a0%)" in text
    assert "Meier" not in text and "/clinic/" not in text
    assert "True class" not in text and "Decided" not in text
    assert "the places that speak for B" in text
    assert "Meier_0" in (tmp_path / "identities.csv").read_text(encoding="utf-8")


def test_names_are_shown_where_that_is_asked_for(held, tmp_path):
    write_suspects_page(tmp_path / "page.html", held, *make(1), identities=True)
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Meier_0.png" in text and not (tmp_path / "identities.csv").exists()


def test_a_page_without_suspects_says_so(held, tmp_path):
    write_suspects_page(tmp_path / "page.html", held, *make(0))
    assert "There are no suspects." in (tmp_path / "page.html").read_text(encoding="utf-8")
