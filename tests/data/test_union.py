"""Tests of combining the images of several runs: training images of one run are in no test split."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chestnut.data.manifest import Manifest
from chestnut.data.union import union
from chestnut.errors import DataError


def manifest(rows, root="/data", synthetic=False):
    """Return a manifest from rows (image, patient, split); the label follows the patient, the digest the image."""
    made = [
        {
            "path": f"{root}/{image}.png",
            "label": ("NORMAL", "PNEUMONIA")[patient % 2],
            "patient": f"p{patient}",
            "split": split,
            "sha256": rest[0] if rest else f"pixels-{image}",
        }
        for image, patient, split, *rest in rows
    ]
    built = Manifest.build(pd.DataFrame(made), root, positive=None, synthetic=synthetic)
    return Manifest(built.frame, built.root, ("NORMAL", "PNEUMONIA"), "PNEUMONIA", synthetic=synthetic)


def splits(found):
    return dict(zip((path.rsplit("/", 1)[1][:-4] for path in found.paths), found.frame["split"], strict=True))


@st.composite
def runs(draw):
    """Generate the manifests of two to four runs of the same images, with each patient in one split per run."""
    owners = draw(st.lists(st.integers(0, 5), min_size=1, max_size=12))
    made = []
    for _ in range(draw(st.integers(2, 4))):
        part = draw(st.lists(st.sampled_from(["train", "val", "test"]), min_size=6, max_size=6))
        used = draw(st.lists(st.booleans(), min_size=len(owners), max_size=len(owners)))
        rows = [(image, owner, part[owner]) for image, owner in enumerate(owners) if used[image]]
        made.append(rows or [(0, owners[0], part[owners[0]])])
    return made


@settings(max_examples=60, deadline=None)
@given(runs())
def test_no_patient_that_trained_a_member_is_in_test(held):
    found = union([manifest(rows) for rows in held])
    strongest = {}
    for image, patient, split in (row for rows in held for row in rows):
        strongest.setdefault(patient, set()).add(split)
        assert f"/data/{image}.png" in found.paths
    assert len(found) == len({row[0] for rows in held for row in rows})
    for patient, split in zip(found.patients, found.frame["split"], strict=True):
        seen = strongest[int(patient[1:])]
        assert split == ("train" if "train" in seen else "val" if "val" in seen else "test")


@settings(max_examples=20, deadline=None)
@given(runs(), st.randoms())
def test_the_order_of_runs_does_not_matter(held, random):
    turned = random.sample(held, len(held))
    assert splits(union([manifest(rows) for rows in held])) == splits(union([manifest(rows) for rows in turned]))


def test_copies_of_pixels_share_their_split_under_any_name():
    first = manifest([("a", 1, "train", "same"), ("b", 2, "test")])
    second = manifest([("c", 1, "test", "same"), ("d", 2, "val")], root="/other")
    found = union([first, second])
    # p1 of other data trained by its copy; p2 of /data and p2 of /other are different people.
    assert splits(found) == {"a": "train", "b": "test", "c": "train", "d": "val"}
    assert str(found.root) == "/"


def test_the_split_of_a_copy_reaches_the_whole_patient():
    first = manifest([("a", 1, "train", "same")])
    second = manifest([("b", 3, "test", "same"), ("c", 3, "test"), ("d", 5, "test")], root="/other")
    assert splits(union([first, second])) == {"a": "train", "b": "train", "c": "train", "d": "test"}


def test_notes_count_images_and_say_when_none_is_left():
    first = manifest([("a", 1, "train"), ("b", 2, "val"), ("c", 3, "test")])
    assert "3 images: 1 of patients that a member trained on, 1 that only chose a member's epoch, and 1" in str(
        union([first, first]).notes
    )
    turned = manifest([("a", 1, "val"), ("b", 2, "train"), ("c", 3, "train")], synthetic=True)
    found = union([first, turned])
    assert any("no image is left to evaluate the ensemble on" in note for note in found.notes)
    assert found.synthetic and not union([first, first]).synthetic


def test_runs_that_disagree_on_an_image_are_refused():
    first = manifest([("a", 1, "train")])
    with pytest.raises(DataError, match=r"have different labels for 1 images \(a\.png\)"):
        union([first, manifest([("a", 2, "train")])])
    with pytest.raises(DataError, match="different pixels for 1 images"):
        union([first, manifest([("a", 1, "train", "changed")])])
