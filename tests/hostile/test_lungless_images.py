"""Images without lungs, or with odd ones, and a lung network that is gone: a flag or a clear line, never a crash."""

import csv
import re
import shutil

import numpy as np
import pytest
from PIL import Image, ImageDraw

from calling import call
from chestnut.config import InputSpec
from chestnut.data.decoding.decode import decode_framed
from chestnut.data.phantom.dataset import write
from chestnut.data.phantom.radiograph import draw_patient
from chestnut.lungfield import network
from rewriting import change

LUNGS = InputSpec(height=64, width=64, frame="lungs", outside="blank")
CHEST = draw_patient(3, size=256)[0].pixels


def text_page():
    page = Image.new("L", (300, 400), 255)
    for row in range(20, 380, 14):
        ImageDraw.Draw(page).text((20, row), "Lorem ipsum dolor sit amet, consectetur adipiscing", fill=0)
    return np.asarray(page)


def one_lung():
    image = CHEST.copy()
    image[:, 128:] = image[:, 120:128].mean(1, keepdims=True)
    return image


def collimated():
    image = np.zeros_like(CHEST)
    image[:, :110] = CHEST[:, :110]
    return image


def off_centre():
    image = np.zeros((500, 400), np.uint8)
    image[240:496, 140:396] = CHEST
    return image


NOISE = np.random.default_rng(0).integers(0, 256, (200, 200), dtype=np.uint8)

#: The pixels of each kind of image, and whether its lungs must be found; None where either is right.
KINDS = {
    "chest": (CHEST, True),
    "inverted": (255 - CHEST, True),
    "deep": (CHEST.astype(np.uint16) * 16, True),
    "off-centre": (off_centre(), True),
    "wide": (CHEST[::2], True),
    "small": (CHEST[::5, ::5], None),
    "noise": (NOISE, False),
    "black": (np.zeros((90, 90), np.uint8), False),
    "white": (np.full((90, 90), 255, np.uint8), False),
    "ramp": (np.tile(np.arange(256, dtype=np.uint8), (256, 1)), False),
    "text": (text_page(), False),
    "one-lung": (one_lung(), None),
    "collimated": (collimated(), None),
    "row": (NOISE[:1, :40], False),
    "pixel": (NOISE[:1, :1], False),
}


def save_all(folder):
    folder.mkdir()
    for kind, (pixels, _) in KINDS.items():
        Image.fromarray(pixels).save(folder / f"{kind}.png")


@pytest.mark.parametrize("kind", KINDS)
def test_lungs_are_found_where_there_are_two(kind, tmp_path):
    pixels, found = KINDS[kind]
    Image.fromarray(pixels).save(tmp_path / "a.png")
    result = decode_framed(str(tmp_path / "a.png"), LUNGS)
    assert result.image.shape == (64, 64)
    assert found is None or result.found == found
    if not result.found:
        whole = LUNGS.model_copy(update={"frame": "whole", "outside": "keep"})
        assert np.array_equal(result.image, decode_framed(str(tmp_path / "a.png"), whole).image)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with phantoms, odd images and a run that sees the lungs alone."""
    folder = tmp_path_factory.mktemp("lungs")
    write(folder / "images", 24, size=64, format="dicom")
    save_all(folder / "odd")
    words = ["--recipe=hog-logistic", "--set=input.height=48", "--set=input.width=48", "--set=input.frame=lungs"]
    assert call(["train", "images", "--name=one", *words, "--no-audit"], folder) == 0
    return folder


@pytest.mark.slow
def test_predictions_say_of_which_images_the_lungs_were_not_found(trained, chestnut):
    status, out, err = chestnut("predict", trained / "runs" / "one", trained / "odd", "--csv=p.csv")
    assert status == 0, err
    with (chestnut.folder / "p.csv").open(newline="") as file:
        flags = {re.sub(r".*[/\\]|\.png$", "", row["path"]): row["lungs"] for row in csv.DictReader(file)}
    assert {kind: flags[kind] for kind, (_, found) in KINDS.items() if found is not None} == {
        kind: "yes" if found else "no" for kind, (_, found) in KINDS.items() if found is not None
    }
    lost = list(flags.values()).count("no")
    said = " ".join(out.split())
    assert re.search(rf"lungs not found in {lost} of {len(KINDS)} images \(black.png, .* more\); the whole", said)


@pytest.fixture(params=["missing", "changed"])
def broken_network(request, monkeypatch, tmp_path):
    """Take away or change the file of the network that finds lungs; gives what is said of it."""
    file = tmp_path / "lungs.onnx"
    if request.param == "changed":
        shutil.copy(network._FILE, file)
        with file.open("r+b") as opened:
            opened.seek(1000)
            opened.write(b"\0\0\0\0")
    monkeypatch.setattr(network, "_FILE", file)
    monkeypatch.setenv("CHESTNUT_CACHE", str(tmp_path / "cache"))
    network._session.cache_clear()
    yield {"missing": "cannot be read", "changed": "has changed"}[request.param]
    network._session.cache_clear()


@pytest.mark.slow
def test_without_the_network_nothing_is_begun(trained, chestnut, broken_network):
    images, run = trained / "images", trained / "runs" / "one"
    before = sorted(path for path in run.rglob("*"))
    settings = ["--set=input.frame=lungs", "--set=input.height=32", "--set=input.width=32"]
    for words in (
        ["train", images, "--recipe=hog-logistic", "--no-audit", *settings],
        ["compare", images, "--recipes=hog-logistic,pca-svm", *settings],
        ["crossval", images, "--recipe=hog-logistic", "--folds=2", *settings],
        ["evaluate", run],
        ["predict", run, images, "--csv=p.csv"],
        ["stress", run],
        ["show", images, "--lungs"],
    ):
        status, _, err = chestnut(*words)
        assert status == 2, (words, err)
        last = err.strip().splitlines()[-1]
        assert re.search(f"error: .*network that finds lungs {broken_network}.*install chestnut again", last), err
        assert not [path for path in chestnut.folder.iterdir() if path.name not in ("cache", "lungs.onnx")], words
    assert sorted(path for path in run.rglob("*")) == before


@pytest.mark.slow
def test_a_run_that_saw_lungs_of_another_network_is_refused(trained, chestnut, monkeypatch):
    monkeypatch.setattr("chestnut.inference.bundle.MODEL", "lungs-another")
    run = trained / "runs" / "one"
    for words in (["evaluate", run], ["predict", run, trained / "odd"], ["stress", run]):
        status, _, err = chestnut(*words)
        assert status == 2
        assert re.search(f"was trained on lungs that the network {network.MODEL} found, .* has lungs-another", err)


@pytest.mark.slow
def test_a_training_that_saw_lungs_of_another_network_is_not_resumed(trained, chestnut, monkeypatch):
    run = chestnut.folder / "begun"
    shutil.copytree(trained / "runs" / "one", run)
    change(run / "environment.json", status="training")
    monkeypatch.setattr("chestnut.training.train.MODEL", "lungs-another")
    status, _, err = chestnut("train", "--resume", run)
    assert status == 2
    assert re.search(f"began with lungs that the network {network.MODEL} found, .* has lungs-another; resume", err)


@pytest.mark.slow
def test_lungs_are_drawn_into_a_picture(trained, chestnut):
    status, out, err = chestnut("show", trained / "images", "--lungs", "--each", 2, "--out", "lungs.png")
    assert status == 0, err
    assert "4 images in lungs.png" in out
    with Image.open(chestnut.folder / "lungs.png") as picture:
        colours = np.asarray(picture.convert("RGB"), int)
    assert (np.ptp(colours, axis=2) > 60).sum() > 200  # of the outlines
