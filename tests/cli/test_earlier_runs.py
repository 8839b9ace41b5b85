"""Runs of an earlier version open and go on as before.

Every file is written here key by key, as chestnut 0.1.0 wrote it before its modules were moved; a change of the code
that cannot read them must fail.
"""

import csv
import hashlib
import io
import json

import keras
import numpy as np
import pytest
from PIL import Image

from chestnut.evaluation.metrics import evaluate
from chestnut.runs.evaluations import read_evaluation
from chestnut.runs.folder import RunFolder

SIDE = 16
CLASSES = ("NORMAL", "PNEUMONIA")
SPLITS = {"train": 8, "val": 4, "test": 4}
RECIPE = """\
name = "cnn-small"
summary = "three convolutions 16-32-64 and one dense layer of 128"
source = "TensorFlow's image classification tutorial"
reported = "accuracy 0.98 on a random validation split, 0.77 on the official test split"
seed = 0

[input]
height = 16
width = 16
channels = 1
resize = "stretch"
intensity = "none"
variants = "none"

[model]
network = "cnn"
filters = [
    2,
]
kernels = 3
depth = 1
padding = "valid"
pool_padding = "valid"
dropout = 0.0
batch_norm = false
l1 = 0.0
l2 = 0.0
gather = "flatten"
dense = []
dense_dropout = 0.0
head = "softmax"

[loss]
name = "cross-entropy"
label_smoothing = 0.0
gamma = 2.0

[optim]
name = "adam"
learning_rate = 0.001
momentum = 0.0
beta_1 = 0.9
beta_2 = 0.999
epsilon = 1e-07
weight_decay = 0.0
clip_norm = 0.0

[optim.schedule]
name = "constant"
warmup = 0.0
decade = 20.0
final = 0.0
factor = 0.3
patience = 2
floor = 1e-06

[data]
fractions = [
    0.7,
    0.15,
    0.15,
]
balance = "none"

[augment]
clean = 0.0
style = 0.0
fourier = 0.0
flip = false
rotation = 0.0
shift = 0.0
zoom = 0.0
aspect = 0.0
shear = 0.0
fill = "constant"
brightness = 0.0
contrast = 0.0
gamma = 0.0
noise = 0.0
blur = 0.0
border = 0.0
erase = 0.0
marker = 0.0
resolution = 0.0
jpeg = 0.0

[train]
epochs = 2
batch_size = 32
precision = "float32"
passes = 4
average = 0.0

[train.stop]
metric = "val_loss"
patience = 5
min_delta = 0.0
from_epoch = 0
"""
BEGUN = {
    "format": 1,
    "status": "training",
    "command": "chestnut train images --recipe cnn-small --name old",
    "started": "2025-11-26T23:43:09+00:00",
    "backend": "tensorflow",
    "device": "CPU, 2 cores",
    "python": "3.11.7",
    "system": "Linux-6.1-x86_64-with-glibc2.36",
    "versions": {"chestnut": "0.1.0", "keras": "3.15.1", "tensorflow-cpu": "2.21.0", "numpy": "2.4.6"},
    "commit": None,
    "trained_parameters": 218,
    "cut": "",
    "devices": 1,
    "hosts": 1,
}
ENDED = {
    "status": "finished",
    "epochs": 2,
    "best_epoch": 2,
    "stopped_by": "epochs",
    "start": {},
    "parameters": 218,
    "seconds": 0.6,
    "ended": "2025-11-26T23:43:12+00:00",
}
ROWS = [
    {"epoch": 1, "loss": 0.7422917485237122, "objective": 0.7422917485237122, "accuracy": 0.5,
     "val_loss": 0.7154106621834974, "val_accuracy": 0.5, "val_balanced_accuracy": 0.5,
     "val_auroc": 0.3333333333333333, "learning_rate": 0.001, "seconds": 0.564, "train_seconds": 0.533},
    {"epoch": 2, "loss": 0.7158296704292297, "objective": 0.7158296704292297, "accuracy": 0.5,
     "val_loss": 0.7038026883959937, "val_accuracy": 0.75, "val_balanced_accuracy": 0.75,
     "val_auroc": 0.75, "learning_rate": 0.001, "seconds": 0.059, "train_seconds": 0.057},
]  # fmt: skip
METRICS = (
    *("loss", "accuracy", "balanced_accuracy", "sensitivity", "specificity", "precision", "f1", "auroc", "auprc"),
    *("brier", "calibration_error", "mcc"),
)


def as_csv(rows):
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2) + "\n")


@pytest.fixture
def images(tmp_path):
    """Images with their row of manifest.csv, which names the SHA-256 of their pixels."""
    random, rows = np.random.default_rng(0), []
    for split, count in SPLITS.items():
        for number in range(count):
            label = CLASSES[number % 2]
            path = tmp_path / "images" / label / f"{split}-{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            pixels = random.integers(0, 256, (SIDE, SIDE), dtype=np.uint8)
            Image.fromarray(pixels).save(path)
            digest = hashlib.sha256(pixels.tobytes()).hexdigest()
            rows.append({"path": str(path), "label": label, "patient": f"{split}-{number}", "split": split,
                         "source": "", "sha256": digest, "copy_of": ""})  # fmt: skip
    return rows


@pytest.fixture
def begun(tmp_path, images):
    """A run as it stands before its first epoch has ended."""
    run = tmp_path / "runs" / "old"
    run.mkdir(parents=True)
    (run / "recipe.toml").write_text(RECIPE)
    (run / "manifest.csv").write_text(as_csv(images))
    write_json(run / "data.json", {
        "root": str(tmp_path / "images"), "classes": list(CLASSES), "positive": "PNEUMONIA", "synthetic": False,
        "images": len(images), "patients": len(images), "skipped": [],
        "notes": ["split by patient and class with seed 0: train 70%, val 15%, test 15%"],
    })  # fmt: skip
    write_json(run / "environment.json", BEGUN)
    return run


@pytest.fixture
def finished(begun, images):
    """A run that has ended, with one look at its test split."""
    write_json(begun / "environment.json", BEGUN | ENDED)
    (begun / "history.csv").write_text(as_csv(ROWS))
    (begun / "bundle").mkdir()
    layers = [keras.layers.Rescaling(1 / 255), keras.layers.Flatten(), keras.layers.Dense(2)]
    keras.Sequential([keras.Input((SIDE, SIDE, 1)), *layers]).save(begun / "bundle" / "model.keras")
    weights = hashlib.sha256((begun / "bundle" / "model.keras").read_bytes()).hexdigest()
    write_json(begun / "bundle" / "bundle.json", {
        "format": 1, "recipe": "cnn-small", "classes": list(CLASSES), "positive": "PNEUMONIA",
        "input": {"height": SIDE, "width": SIDE, "channels": 1, "resize": "stretch", "intensity": "none",
                  "variants": "none"},
        "temperature": 1.0, "threshold": 0.5, "synthetic": False, "sha256": {"model.keras": weights},
    })  # fmt: skip
    folder = begun / "evaluation" / "val"
    folder.mkdir(parents=True)
    root = json.loads((begun / "data.json").read_text())["root"]
    write_json(folder / "metrics.json", {
        "when": "2025-11-26T23:43:12+00:00", "data": root, "recipe": "cnn-small", "weights": weights,
        "synthetic": False, "images": 4, "patients": 4, "classes": list(CLASSES), "positive": "PNEUMONIA",
        "threshold": 0.5, "counts": {"NORMAL": 2, "PNEUMONIA": 2},
        "metrics": {name: {"value": 0.75, "low": 0.5, "high": 1.0, "undefined": 0} for name in METRICS},
        "per_class": {}, "confusion": [[2, 0], [0, 2]], "resamples": 2000, "seed": 0, "confidence": 0.95,
        "notes": ["Only 4 patients are behind the intervals; with under 30 they tend to be too narrow."],
    })  # fmt: skip
    shares = (0.75, 0.25, 0.625, 0.125)
    rows = [
        {name: row[name] for name in ("path", "label", "patient", "split")}
        | {"probability_NORMAL": share, "probability_PNEUMONIA": 1 - share, "decision": CLASSES[int(share < 0.5)]}
        for row, share in zip((row for row in images if row["split"] == "val"), shares, strict=True)
    ]
    (folder / "predictions.csv").write_text(as_csv(rows))
    write_json(begun / "ledger.json", [{
        "when": "2025-11-26T23:44:00+00:00", "command": "chestnut evaluate runs/old --split test", "weights": weights,
        "images": 4, "data": root,
    }])  # fmt: skip
    return begun


def test_a_finished_run_is_listed_shown_reported_and_diagnosed(finished, chestnut):
    before = {path: path.read_bytes() for path in finished.rglob("*") if path.is_file()}
    status, out, _ = chestnut("runs", "runs", "--json", "-")
    (row,) = json.loads(out)["runs"]
    assert (status, row["status"], row["best_epoch"], row["looks_at_test"]) == (0, "finished", 2, 1)
    assert row["evaluations"]["val"]["auroc"]["value"] == 0.75
    status, out, _ = chestnut("info", "runs/old", "--json", "-")
    assert (status, json.loads(out)["environment"]) == (0, BEGUN | ENDED)
    assert chestnut("info", "runs/old")[0] == 0
    status, out, _ = chestnut("diagnose", "runs/old", "--json", "-")
    assert status == 0 and json.loads(out)
    assert chestnut("report", "runs/old")[0] == 0
    page = (finished / "report.html").read_text()
    assert "chestnut train images --recipe cnn-small --name old" in page and "1.000" in page
    assert {path: path.read_bytes() for path in before} == before


def test_intervals_of_an_earlier_version_are_computed_anew_where_predictions_are_there(finished, chestnut):
    run = RunFolder.open(finished)
    found = read_evaluation(run, "val")
    table = run.predictions("val", CLASSES)
    again = evaluate(table.targets, table.probabilities, table.patients, CLASSES, "PNEUMONIA")
    assert found.metrics == again.metrics and found.intervals == again.intervals == "patients-2"
    assert found.metrics["sensitivity"].low == pytest.approx(0.025**0.5)
    assert "computed anew" in found.notes[-1] and not any("too narrow." in note for note in found.notes[:-1])
    assert chestnut("report", "runs/old")[0] == 0
    assert "computed anew from the saved predictions" in (finished / "report.html").read_text()
    folder = finished / "evaluation" / "val"
    saved = json.loads((folder / "metrics.json").read_text())
    write_json(folder / "metrics.json", saved | {"confusion": [[1, 1], [0, 2]]})
    other = read_evaluation(run, "val")
    assert other.intervals == "percentile" and other.metrics["auroc"].low == 0.5
    assert "made by an earlier version" in other.notes[-1]
    (folder / "predictions.csv").unlink()
    assert read_evaluation(run, "val").intervals == "percentile"


def test_a_finished_run_evaluates_and_predicts(finished, images, chestnut):
    status, out, _ = chestnut("evaluate", "runs/old", "--split", "test", "--json", "-")
    assert (status, json.loads(out)["images"]) == (0, 4)
    run = RunFolder.open(finished)
    assert [look.images for look in run.ledger.looks] == [4, 4] and len(run.own_looks) == 2
    assert run.evaluations() == ["test", "val"]
    status, out, _ = chestnut("predict", "runs/old", images[0]["path"], "--json", "-")
    assert (status, len(json.loads(out)["images"])) == (0, 1)
    assert chestnut("train", "--resume", "runs/old")[0] == 2


def test_a_killed_run_is_resumed_from_its_last_epoch(begun, chestnut):
    (begun / "history.csv").write_text(as_csv(ROWS[:1]))
    state = begun / "state"
    state.mkdir()
    (state / "lock").touch()
    weights = [np.zeros(shape, np.float32) for shape in ((3, 3, 1, 2), (2,), (98, 2), (2,))]
    moments = [np.zeros_like(weight) for weight in weights for _ in range(2)]
    with (state / "epoch-0001.arrays").open("wb") as file:
        arrays = [*weights, np.array(1, np.int64), np.array(0.001, np.float32), *moments]
        for array in (np.array(len(arrays)), *arrays):
            np.save(file, array, allow_pickle=False)
    write_json(state / "latest.json", {
        "variables": "epoch-0001.arrays",
        "progress": {"rows": ROWS[:1], "best_epoch": 1, "best": 0.7154106621834974, "reference": 0.7154106621834974,
                     "waited": 0, "plateau": {"factor": 1.0, "best": None, "waited": 0}, "start": {}},
    })  # fmt: skip
    assert chestnut("train", "--resume", "runs/old")[0] == 0
    run = RunFolder.open(begun)
    first, second = run.history.to_dict("records")
    assert first == ROWS[0] and (second["epoch"], second["loss"]) == (2, pytest.approx(np.log(2), abs=1e-4))
    record = run.record
    assert (record.status, record.epochs, record.best_epoch, len(record.resumed)) == ("finished", 2, 2, 1)
    assert record.to_dict() | BEGUN | {"status": "finished"} == record.to_dict()
    assert not state.exists() and run.evaluations() == ["val"]
