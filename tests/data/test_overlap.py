"""Tests of finding the images of a data set that a run has used: by path, by pixels and as augmented copies."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chestnut.data.manifest import Manifest
from chestnut.data.overlap import find_overlap, overlap_in_words


@pytest.fixture
def own(tmp_path):
    rows = [
        {"path": str(tmp_path / f"{name}.png"), "label": label, "patient": name, "split": split, "sha256": digest}
        for name, label, split, digest in (
            ("a", "NORMAL", "train", "1"), ("b", "ILL", "val", "2"), ("c", "NORMAL", "test", "3"),
            ("twin", "ILL", "test", "1"), ("copy", "ILL", "train", "5"),
        )
    ]  # fmt: skip
    rows[-1]["copy_of"] = str(tmp_path / "original.png")
    return Manifest.build(rows, tmp_path)


def test_images_are_known_by_path_pixels_and_copies(own, tmp_path):
    (tmp_path / "b.png").touch()
    (tmp_path / "link.png").symlink_to(tmp_path / "b.png")
    names = ("a", "moved", "link", "c", "original", "new", "twin")
    found = find_overlap(own, [str(tmp_path / f"{name}.png") for name in names], ["9", "3", "9", "9", "9", "9", "1"])
    assert found.splits.tolist() == ["train", "test", "val", "test", "train", "", "train"]
    assert found.counts == {"train": 3, "val": 1, "test": 2} and not found.whole


def test_paths_suffice_if_nothing_was_decoded(own, tmp_path):
    found = find_overlap(own, [str(tmp_path / "a.png"), str(tmp_path / "c.png")])
    assert found.splits.tolist() == ["train", "test"] and found.whole


def test_an_empty_digest_matches_no_image(own):
    rows = own.frame.assign(sha256="")
    found = find_overlap(Manifest.build(rows, own.root), ["/elsewhere/new.png"], [""])
    assert found.splits.tolist() == [""]


@given(st.lists(st.integers(0, 50), min_size=3, max_size=3))
def test_words_name_every_kind_of_overlap(numbers):
    counts = dict(zip(("train", "val", "test"), numbers, strict=True))
    said = overlap_in_words(counts, 200)
    assert ("training" in said, "validation" in said, "test split" in said) == tuple(np.array(numbers) > 0)
