"""Tests of augmented copies, and that no network is evaluated on one."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from chestnut.config import AugmentConfig
from chestnut.data.augmented_copies import Job, augment_image, write_copies
from chestnut.data.manifest import Manifest
from chestnut.data.phantom.dataset import write
from chestnut.data.sources.load import load_dataset
from chestnut.data.split import split
from chestnut.errors import DataError, ImageError

GENTLE = AugmentConfig(rotation=5, shift=0.05, zoom=0.1, brightness=0.1)
IMAGE = np.random.default_rng(0).integers(0, 256, (20, 20), dtype=np.uint8)


def random(seed=0):
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("copies") / "images"
    write(place, 12, size=32)
    return place


@pytest.fixture(scope="module")
def copied(folder):
    out = folder.parent / "out"
    return write_copies(load_dataset(folder), out, Job(GENTLE, copies=2)), out


def test_no_changes_leave_an_image_unchanged():
    np.testing.assert_array_equal(augment_image(IMAGE, AugmentConfig(), random()), IMAGE)


def test_a_flip_mirrors_half_of_the_time():
    made = [augment_image(IMAGE, AugmentConfig(flip=True), random(seed)) for seed in range(200)]
    mirrored = [np.array_equal(one, IMAGE[:, ::-1]) for one in made]
    assert all(flat or np.array_equal(one, IMAGE) for flat, one in zip(mirrored, made, strict=True))
    assert 70 < sum(mirrored) < 130


@pytest.mark.parametrize("name", ["rotation", "shift", "zoom", "shear", "brightness"])
def test_each_change_does_something_and_keeps_shape_and_range(name):
    made = augment_image(IMAGE, AugmentConfig(**{name: 30.0 if name in ("rotation", "shear") else 0.3}), random())
    assert (made.shape, made.dtype) == (IMAGE.shape, np.uint8)
    assert not np.array_equal(made, IMAGE)


def test_geometry_is_that_of_pillow():
    smooth = np.asarray(Image.fromarray(IMAGE[:5, :5]).resize((64, 64), Image.Resampling.BICUBIC))
    drawn = random(3)
    angle = drawn.uniform(-40, 40)
    ours = augment_image(smooth, AugmentConfig(rotation=40), random(3))
    theirs = np.asarray(Image.fromarray(smooth).rotate(-angle, Image.Resampling.BILINEAR))
    inside = (slice(16, 48), slice(16, 48))
    assert np.abs(ours[inside].astype(int) - theirs[inside]).max() <= 2


def test_the_folder_is_read_as_it_was_returned(copied):
    made, out = copied
    read = load_dataset(out)
    pd.testing.assert_frame_equal(read.frame, made.frame)
    assert read.synthetic and len(read) == 3 * len(read.originals())
    assert (out / "NORMAL").is_dir()


def test_a_copy_has_its_originals_label_patient_and_size_but_other_pixels(copied):
    frame = copied[0].frame.set_index("path", drop=False)
    for row in frame[frame["copy_of"] != ""].to_dict("records"):
        original = frame.loc[row["copy_of"]]
        assert (row["label"], row["patient"]) == (original["label"], original["patient"])
        ours, theirs = (np.asarray(Image.open(path)) for path in (row["path"], row["copy_of"]))
        assert ours.shape == theirs.shape and not np.array_equal(ours, theirs)


def test_the_same_seed_makes_the_same_copies_in_any_folder(copied, folder, tmp_path):
    again = write_copies(load_dataset(folder), tmp_path / "elsewhere", Job(GENTLE, copies=2))
    other = write_copies(load_dataset(folder), tmp_path / "other", Job(GENTLE, copies=2, seed=1))
    ours, same, differ = (
        [np.asarray(Image.open(path)) for path in made.frame.loc[made.frame["copy_of"] != "", "path"]]
        for made in (copied[0], again, other)
    )
    assert all(np.array_equal(one, two) for one, two in zip(ours, same, strict=True))
    assert not any(np.array_equal(one, two) for one, two in zip(ours, differ, strict=True))


@settings(max_examples=25, deadline=None)
@given(
    st.integers(2, 12), st.integers(0, 3), st.integers(0, 2**20), st.sampled_from([(0.6, 0.2, 0.2), (0.5, 0.5, 0.0)])
)
def test_copies_are_in_train_only_and_no_patient_crosses_splits(patients, copies, seed, fractions):
    rows = [
        {"path": f"/d/{patient}-{number}", "label": "AB"[patient % 2], "patient": str(patient), "copy_of": original}
        for patient in range(patients)
        for number, original in enumerate(["", *[f"/d/{patient}-0"] * copies])
    ]
    made = split(Manifest.build(rows, "/d"), fractions, seed)
    held = made.frame[made.frame["split"] != "train"]
    assert (held["copy_of"] == "").all()
    assert (made.frame.groupby("patient")["split"].nunique() == 1).all()
    plain = split(Manifest.build([row for row in rows if not row["copy_of"]], "/d"), fractions, seed)
    pd.testing.assert_frame_equal(made.originals().frame, plain.frame)
    kept = made.frame[made.frame["split"] == "train"]
    assert len(kept) == (1 + copies) * (plain.frame["split"] == "train").sum()


def test_only_training_images_are_copied_and_copies_never_again(folder, tmp_path):
    parted = split(load_dataset(folder), (0.5, 0.25, 0.25))
    first = write_copies(parted, tmp_path / "first", Job(GENTLE))
    assert set(first.frame.loc[first.frame["copy_of"] != "", "split"]) == {"train"}
    second = write_copies(first, tmp_path / "second", Job(GENTLE))
    assert (second.frame["copy_of"] != "").sum() == 2 * (parted.frame["split"] == "train").sum()


def test_a_single_class_can_be_copied(folder, tmp_path):
    made = write_copies(load_dataset(folder), tmp_path / "one", Job(GENTLE, only_class="NORMAL"))
    assert set(made.frame.loc[made.frame["copy_of"] != "", "label"]) == {"NORMAL"}


@pytest.mark.parametrize(
    ("out", "job", "said"),
    [
        ("new", Job(GENTLE, only_class="NORMALL"), "did you mean NORMAL"),
        ("new", Job(AugmentConfig(contrast=0.5)), "all changes are zero"),
        ("taken", Job(GENTLE), "taken contains files already"),
        ("images/new", Job(GENTLE), "give a folder elsewhere"),
    ],
)
def test_invalid_jobs_are_refused_and_nothing_is_written(folder, out, job, said):
    taken = folder.parent / "taken"
    taken.mkdir(exist_ok=True)
    (taken / "file").touch()
    before = sorted(folder.parent.rglob("*"))
    with pytest.raises(DataError, match=said):
        write_copies(load_dataset(folder), folder.parent / out, job)
    assert sorted(folder.parent.rglob("*")) == before


def test_a_damaged_image_leaves_no_folder(tmp_path):
    write(tmp_path / "images", 4, size=32)
    next((tmp_path / "images" / "NORMAL").iterdir()).write_bytes(b"no picture")
    with pytest.raises(ImageError):
        write_copies(load_dataset(tmp_path / "images"), tmp_path / "out", Job(GENTLE))
    assert [path.name for path in tmp_path.iterdir()] == ["images"]


def test_older_manifests_without_copies_are_read(copied, tmp_path):
    path = tmp_path / "old.csv"
    made = copied[0].originals()
    made.save(str(path))
    pd.read_csv(path, dtype=str).drop(columns="copy_of").to_csv(path, index=False)
    assert (Manifest.read(path, made.facts()).frame["copy_of"] == "").all()
