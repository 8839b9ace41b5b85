"""Two runs compared on the images that both have: what is matched, what is refused, and that every look is entered."""

import json
from dataclasses import replace

import numpy as np
import pytest

from chestnut.api.paired import compare_runs
from chestnut.config import load_recipe
from chestnut.data.manifest import Manifest
from chestnut.errors import DataError
from chestnut.evaluation.metric_names import METRICS
from chestnut.evaluation.metrics import evaluate
from chestnut.evaluation.paired.difference import Difference
from chestnut.evaluation.paired.verdict import Verdict
from chestnut.files.csv_files import csv_text
from chestnut.files.hashes import sha256
from chestnut.files.json_files import json_text
from chestnut.inference.bundle import Bundle
from chestnut.runs.folder import RunFolder
from chestnut.runs.predictions import PredictionTable
from chestnut.runs.record import RunRecord

CLASSES = ("NORMAL", "PNEUMONIA")


def rows(root="/data", shift=0):
    """Images of 60 patients, two each: a third in each split; `shift` moves patients between the splits."""
    return [
        {
            "path": f"{root}/{number}.png",
            "label": CLASSES[number // 2 % 2],
            "patient": f"p{number // 2}",
            "split": ("train", "val", "test")[(number // 40 + shift) % 3],
            "sha256": f"pixels {number}",
        }
        for number in range(120)
    ]


def make_run(folder, images, seed, classes=CLASSES, skill=3.0):
    """Write a finished run, with an evaluation of both splits, whose network is no network."""
    recipe, random = load_recipe("cnn-small"), np.random.default_rng(seed)
    with RunFolder.create(folder, recipe, RunRecord(status="finished"), images.facts() | {"skipped": []}) as draft:
        draft.write(draft.manifest_file, images.to_csv(draft.path))
        draft.bundle.mkdir()
        (draft.bundle / "model.keras").write_bytes(b"network %d" % seed)
        facts = {"recipe": "cnn-small", "classes": classes, "positive": classes[1], "spec": recipe.input}
        weights = sha256(draft.bundle / "model.keras")
        bundle = Bundle(draft.bundle, **facts, temperature=1.0, threshold=0.4, synthetic=False, weights=weights)
        draft.write(draft.bundle / "bundle.json", json_text(bundle.to_dict()))
        for split in ("val", "test"):
            seen = images.only(split)
            scores = 1 / (1 + np.exp(-skill * (seen.targets - 0.5) - random.normal(0, 1, len(seen))))
            shares = np.stack([1 - scores, scores], axis=1)
            table = PredictionTable.build(seen.frame[["path", "label", "patient", "split"]], shares, classes, 0.4)
            draft.write(draft.evaluation(split) / "predictions.csv", csv_text(table.frame.sample(frac=1)))
            judged = evaluate(seen.targets, shares, seen.patients, classes, classes[1], 0.4, resamples=5)
            meta = {"data": "/data", "weights": weights, "temperature": 1.0}
            draft.write(draft.evaluation(split) / "metrics.json", json_text(meta | judged.to_dict()))
    return RunFolder.open(folder)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pairs")
    images = Manifest.build(rows(), "/data")
    moved = Manifest.build(rows("/elsewhere")[:100], "/elsewhere")
    return {
        "good": make_run(folder / "good", images, 1),
        "poor": make_run(folder / "poor", images, 2, skill=0.3),
        "moved": make_run(folder / "moved", moved, 3),
        "other split": make_run(folder / "other", Manifest.build(rows(shift=1), "/data"), 4),
        "other data": make_run(
            folder / "strange",
            Manifest.build([{**row, "sha256": f"x{n}"} for n, row in enumerate(rows("/x"))], "/x"),
            5,
        ),
        "relabelled": make_run(
            folder / "labels",
            Manifest.build([{**row, "label": CLASSES[n % 2]} for n, row in enumerate(rows())], "/data"),
            6,
        ),
    }


def test_the_better_run_is_ahead_and_both_ledgers_have_the_look(runs):
    looks = [len(runs[name].ledger.looks) for name in ("good", "poor")]
    found = compare_runs(runs["good"].path, runs["poor"].path, metrics=METRICS, margin=0.05, quiet=True)
    assert (found.images, found.patients, found.left_out) == (40, 20, (0, 0))
    area = found.verdicts[list(METRICS).index("auroc")]
    assert area.distinguishable and area.not_inferior and area.difference.low > 0
    assert "good is ahead of poor: AUROC better by 0." in found.sentences[list(METRICS).index("auroc")]
    loss = found.verdicts[list(METRICS).index("loss")]
    assert loss.difference.value == pytest.approx(loss.second.value - loss.first.value) and loss.difference.value > 0
    for name, one in zip(METRICS, found.verdicts, strict=True):
        told = runs["good"].metrics("test")["metrics"][name]["value"]
        assert one.first.value == pytest.approx(told) if told is not None else one.first.value is None
    assert [len(runs[name].ledger.looks) for name in ("good", "poor")] == [looks[0] + 1, looks[1] + 1]
    assert "chestnut.compare_runs" in runs["poor"].ledger.looks[-1].command
    assert json.loads(json.dumps(found.to_dict()))["verdicts"][0]["difference"]["p"] < 1
    assert "<table" in found._repr_html_() and f"good: look {looks[0] + 1} at a test split by this run" in found.notes
    turned = compare_runs(runs["poor"].path, runs["good"].path, "val", metrics=["auroc"], margin=0.05, quiet=True)
    assert turned.verdicts[0].not_inferior is False and "poor is inferior by more than 0.050" in turned.sentences[0]
    assert [len(runs[name].ledger.looks) for name in ("good", "poor")] == [looks[0] + 1, looks[1] + 1]


def test_images_are_matched_by_their_pixels_and_the_others_are_counted(runs):
    found = compare_runs(runs["good"].path, runs["moved"].path, metrics=["auroc"], quiet=True)
    assert (found.images, found.patients, found.left_out) == (20, 10, (20, 0))


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ("good", r"good and .*good have the same network; give two different runs"),
        (
            "other split",
            r"40 of the 40 test images of .*good were training images of .*other; give runs of the same spl",
        ),
        ("other data", r"good and .*strange share no test images; give runs of the same data and split seed"),
        ("relabelled", r"20 of the 40 shared images have another label in .*labels"),
    ],
)
def test_runs_that_cannot_be_compared_are_refused(runs, second, said):
    before = len(runs["good"].ledger.looks)
    with pytest.raises(DataError, match=said):
        compare_runs(runs["good"].path, runs[second].path, quiet=True)
    assert len(runs["good"].ledger.looks) == before, "a refused comparison is no look"


def test_classes_must_be_the_same_and_have_two_patients_each(runs, tmp_path):
    renamed = [{**row, "label": row["label"].replace("PNEUMONIA", "TB")} for row in rows()]
    other = make_run(tmp_path / "tb", Manifest.build(renamed, "/data"), 7, ("NORMAL", "TB"))
    with pytest.raises(
        DataError, match=r"good tells NORMAL, PNEUMONIA apart, .*tb NORMAL, TB; give runs of the same cl"
    ):
        compare_runs(runs["good"].path, other.path, quiet=True)
    few = [row for row in rows() if row["split"] != "test" or row["label"] == "NORMAL" or row["patient"] == "p41"]
    lone = make_run(tmp_path / "lone", Manifest.build(few, "/data"), 8)
    with pytest.raises(DataError, match="shared images of PNEUMONIA are of 1 patient; a comparison needs two patients"):
        compare_runs(runs["good"].path, lone.path, quiet=True)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"margin": 0.0}, "margin=0: give a difference above 0 and below 1"),
        ({"margin": 1.0}, "margin=1: give"),
        ({"margin": float("nan")}, "margin=nan: give"),
        ({"metrics": ["aurok"]}, "no metric 'aurok'; did you mean auroc"),
        ({"metrics": []}, "no metric to compare runs by"),
        ({"split": "train"}, "no split 'train' to compare runs on"),
    ],
)
def test_questions_that_make_no_sense_are_refused_before_anything_is_read(given, said):
    with pytest.raises(DataError, match=said):
        compare_runs("gone", "gone", quiet=True, **given)


def test_a_verdict_says_what_is_open():
    figures = replace(Verdict("auroc", None, None, Difference(0.01, -0.03, 0.05, 0.6)), margin=0.02)
    assert figures.describe("a", "b") == (
        "a and b are not distinguishable by AUROC: 0.010 (−0.030 to 0.050), p = 0.600. "
        "Whether a is inferior by 0.020 or more is open."
    )
    assert "undefined for one of them" in replace(figures, difference=Difference(None)).describe("a", "b")
    assert "with no interval" in replace(figures, difference=Difference(0.1)).describe("a", "b")
    assert replace(figures, difference=Difference(-0.2, -0.3, -0.1, 1e-5)).describe("a", "b") == (
        "b is ahead of a: AUROC better by 0.200 (0.100–0.300), p < 0.001. a is inferior by more than 0.020."
    )
