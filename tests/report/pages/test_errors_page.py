"""The page of errors stays small, whatever number of mistakes there is, and opens offline."""

import json
from dataclasses import replace
from functools import cache
from types import SimpleNamespace

import cv2
import numpy as np
import pandas as pd
import pytest

from chestnut.data.thumbnails import encode_jpeg
from chestnut.explain.gallery import Gallery, GalleryImage
from chestnut.mistakes.decisions import list_decisions
from chestnut.mistakes.evaluated import Evaluated
from chestnut.mistakes.files import read_mistakes, write_mistakes
from chestnut.mistakes.insight import Insight
from chestnut.mistakes.neighbours import Neighbour, Neighbourhood
from chestnut.mistakes.pictures import Pictures
from chestnut.mistakes.ranking import rank_mistakes
from chestnut.mistakes.summary import summarise
from chestnut.report.pages.errors import write_errors_page
from chestnut.runs.predictions import PredictionTable

CLASSES = ("NORMAL", "PNEUMONIA")
BUNDLE = SimpleNamespace(weights="0", classes=CLASSES, positive="PNEUMONIA", threshold=0.5)


@cache
def picture(seed, side, *channels):
    """Return a JPEG with about as much detail as a radiograph has."""
    noise = np.random.default_rng(seed).normal(128, 400, (side, side, *channels))
    return encode_jpeg(cv2.GaussianBlur(noise, (0, 0), 2).clip(0, 255).astype(np.uint8))


def drawn(decisions):
    images, pictures = [], {}
    for number, one in enumerate(decisions, 1):
        plain, over = f"{number:04d}.jpg", f"{number:04d}-map.jpg"
        pictures |= {plain: picture(0, 256), over: picture(1, 256, 3)}
        fields = one.path, one.patient, one.label, one.decision, one.probabilities, one.decision
        images.append(GalleryImage(*fields, "occlusion", "how much the score falls", True, plain, over))
    return Gallery(tuple(images), pictures)


def evaluate(count, patients, right=0.1):
    """Return an evaluation in which a share of the decisions is right."""
    generator = np.random.default_rng(0)
    targets = np.arange(count) % 2
    of_label = np.where(generator.uniform(size=count) < right, 0.9, generator.uniform(0, 0.499, count))
    values = np.where(targets[:, None] == [0, 1], of_label[:, None], 1 - of_label[:, None])
    rows = pd.DataFrame(
        {
            "path": [f"/data/smith-{row}.png" for row in range(count)],
            "label": [CLASSES[target] for target in targets],
            "patient": [f"smith{row % patients}" for row in range(count)],
        }
    )
    return Evaluated("val", "/data", PredictionTable.build(rows, values, CLASSES, 0.5), 0.5)


@pytest.fixture
def write(tmp_path):
    """Write the folder and the page as `chestnut errors` does; returns the folder."""
    facts = {"root": "/data", "classes": list(CLASSES)}
    run = SimpleNamespace(path=tmp_path, name="one", facts=facts, rows=None)

    def write_all(evaluated, near=()):
        rows = rank_mistakes(evaluated).tolist()
        around = Neighbourhood(tuple(near), 10, {"NORMAL": 10})
        insight = Insight(dict.fromkeys(range(len(evaluated.targets)), around) if near else {})
        found = summarise(evaluated, insight, BUNDLE, synthetic=False)
        small = {one.path: picture(at, 160) for at, one in enumerate(near)}
        folder = tmp_path / "errors"
        folder.mkdir()
        pictures = Pictures(drawn(found.confident), drawn(found.narrow), small)
        write_mistakes(folder, found, list_decisions(evaluated, rows, {}, {}), pictures)
        write_errors_page(run, folder, folder / "errors.html")
        return folder

    return write_all


@pytest.mark.slow
def test_ten_thousand_mistakes_fit_into_five_megabytes(write):
    near = [Neighbour(f"/data/n{at}.png", f"n{at}", CLASSES[at // 2], 0.1 * at) for at in range(4)]
    evaluated = evaluate(11_200, 3_000)
    folder = write(evaluated, near)
    count = int(evaluated.wrong.sum())
    assert count >= 10_000 and len(pd.read_csv(folder / "mistakes.csv")) == count
    assert (folder / "errors.html").stat().st_size < 5_000_000
    assert (folder / "errors.json").stat().st_size < 500_000
    page = (folder / "errors.html").read_text()
    assert f"the first 24 of {count:,}" in page and page.count('<li class="card') == 36


def test_the_page_hides_names_and_refers_to_nothing(write, tmp_path):
    page = (write(evaluate(16, 6, 0.3)) / "errors.html").read_text()
    assert "smith" not in page and "image 1" in page
    assert "://" not in page and 'src="data:image/jpeg' in page
    assert "smith" in (tmp_path / "identities.csv").read_text()


def test_what_was_written_is_read_again(write):
    folder = write(evaluate(16, 16))
    saved = read_mistakes(folder)
    written = json.loads((folder / "errors.json").read_text())
    assert json.loads(json.dumps(saved.found.to_dict())) == {key: written[key] for key in written if key != "when"}
    assert all(image.overlay in saved.pictures.narrow.pictures for image in saved.pictures.narrow.images)


def test_no_mistakes_are_one_sentence_and_narrow_decisions(write):
    folder = write(evaluate(10, 10, 1.0))
    page = (folder / "errors.html").read_text()
    assert "No mistakes: all 10 images of 10 patients are decided rightly." in page
    assert "The most confident mistakes" not in page and "The narrowest decisions" in page
    assert pd.read_csv(folder / "mistakes.csv").empty


def test_pictures_without_maps_are_counted():
    images = drawn(list_decisions(evaluate(4, 4), range(3), {}, {})).images
    gallery = Gallery((images[0], replace(images[1], overlay=""), replace(images[2], picture="", overlay="")), {})
    assert Pictures(gallery, Gallery((), {}), {}).note.startswith("1 of 3 pictures have no heat map")
    assert Pictures(Gallery(images, {}), Gallery((), {}), {}).note == ""
