"""Names of images, patients and folders on a page, and the numbers in their place."""

import csv
import json
from pathlib import Path

import pytest

from chestnut.config import load_recipe
from chestnut.evaluation.metric_names import METRICS
from chestnut.evaluation.metrics import evaluate
from chestnut.report.identities import Identities
from chestnut.report.pages.audit import write_audit_page
from chestnut.report.pages.comparison import write_comparison_page
from chestnut.report.pages.crossval import write_crossval_page
from chestnut.report.pages.run import write_run_page
from chestnut.report.pages.tuning import write_tune_page
from chestnut.studies.comparison.leaderboard import Leaderboard, Row
from chestnut.studies.comparison.plan import ComparisonFolder, ComparisonPlan, Terms
from chestnut.studies.comparison.variants import make_variants
from chestnut.studies.crossval.plan import CrossFolder, CrossPlan
from chestnut.studies.crossval.result import CrossValidation, FoldResult, compute_spread
from chestnut.studies.tuning.plan import TuneFolder, TunePlan
from chestnut.studies.tuning.result import Trial, Tuning

ROOT = "/home/jane/my chest"
IMAGES = [("Smith John (2)", "smith.j"), ("person23_bacteria_78", "person23"), ("00013774_001", "13774"), ("7", "3")]
TEXT = (
    f"cannot read {ROOT}/NORMAL/person23_bacteria_78.jpeg: it is cut off, as are 00013774_001.jpeg and "
    f"{ROOT}/NORMAL/Smith John (2).jpeg; 2 patients stand in more than one split: 13774, 3; 78 images of smith.j, "
    "see /home/jane/notes. The first: person23_bacteria_78.jpeg (NORMAL, val, patient 3)"
)


def facts(folder):
    """Write manifest.csv and data.json of images with telling names."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "manifest.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "label", "patient", "split", "source", "sha256"])
        for number, (stem, patient) in enumerate(IMAGES):
            label, split = ("NORMAL", "PNEUMONIA")[number % 2], ("train", "val")[number // 2]
            rows.writerow([f"{ROOT}/NORMAL/{stem}.jpeg", label, patient, split, "", ""])
    known = {"root": ROOT, "classes": ["NORMAL", "PNEUMONIA"], "positive": "PNEUMONIA", "synthetic": False}
    known |= {"notes": [TEXT], "skipped": [f"{ROOT}/NORMAL/jones_k.jpeg: it is cut off"], "images": 4, "patients": 4}
    (folder / "data.json").write_text(json.dumps(known))


def secrets(folder):
    """What may not stand on a page: paths, stems and patients that are no bare number, users and places."""
    stems = [name for pair in IMAGES for name in pair if not name.isdigit() or len(name) > 4]
    return [*stems, "jones_k", "jane", "/home", str(folder.parent.absolute())]


@pytest.fixture
def run_page(make_run, tmp_path):
    made = make_run()
    facts(made.run.path)
    made.environment(status="failed", error=TEXT, command=f"chestnut train '{ROOT}' --set=x=/home/jane/x --name a")
    made.evaluate("val", data=ROOT, notes=[TEXT])
    made.evaluate("other", data="/home/jane/elsewhere")
    for name in ("val", "other"):
        lines = ["path,label,patient,split,probability_NORMAL,probability_PNEUMONIA,decision"]
        lines += [f"{ROOT}/NORMAL/{stem}.jpeg,NORMAL,{who},val,0.25,0.75,PNEUMONIA" for stem, who in IMAGES]
        (made.run.evaluation(name) / "predictions.csv").write_text("\n".join(lines) + "\n")
    made.look({"data": ROOT, "command": f"chestnut evaluate {made.run.path}"}, {"data": "/home/jane/elsewhere"})
    made.run.audit_file.write_text(json.dumps(audit_of(ROOT)))
    return made.run.path, lambda path, **options: write_run_page(made.run, path, **options)


def audit_of(root):
    paths = [f"{root}/NORMAL/{stem}.jpeg" for stem, _ in IMAGES]
    groups = {"images": 4, "patients": 4}
    names = [patient for _, patient in IMAGES]
    known = {"severity": "error", "remedy": "", "figures": {}, "files": []}
    return {
        "data": {"root": root, "images": 4, "patients": 4, "notes": [TEXT], "classes": {"NORMAL": groups}},
        "findings": [
            known | {"name": "patients-across-splits", "title": "torn", "figures": {"names": names}, "files": paths,
                     "evidence": f"4 patients in train and val. The first: {', '.join(names[:3])} and 1 more."},
            known | {"name": "duplicates-across-splits", "title": "twice", "evidence": TEXT,
                     "figures": {"copies": [{"files": paths[:2], "correlation": 1}]}},
        ],
        "passed": [],
    }  # fmt: skip


@pytest.fixture
def audit_page(tmp_path):
    folder = tmp_path / "audit"
    folder.mkdir()
    return folder, lambda path, **options: write_audit_page(audit_of(ROOT), path, "my chest", **options)


@pytest.fixture
def comparison_page(tmp_path):
    folder = ComparisonFolder(tmp_path / "comparison")
    facts(folder.path)
    plan = ComparisonPlan(make_variants(["mlp", "cnn-small"]), Terms(epochs=5, fraction=0.1), "0", 2)
    folder.plan_file.write_text(json.dumps(plan.to_dict()))
    board = Leaderboard((failed_row(),), (), 4, 4, 2000, (TEXT,), (TEXT,)).to_dict()
    board["rows"] = [{**board["rows"][0], "name": "cnn-small", "place": 1, "failed": [], **alive()}, *board["rows"]]
    folder.result_file.write_text(json.dumps(board))
    return folder.path, lambda path, **options: write_comparison_page(folder, path, **options)


def failed_row():
    return Row(place=None, tied=False, name="mlp", start="random weights", runs=0, failed=(TEXT,))


def alive():
    one = {"value": 0.9, "low": 0.8, "high": 0.95, "undefined": 0}
    numbers = dict.fromkeys(("parameters", "trained", "epochs", "epoch_seconds", "images_a_second", "model_bytes"), 5)
    return {"auroc": one, "accuracy": one, "train_accuracy": 0.9} | numbers


@pytest.fixture
def crossval_page(tmp_path):
    folder = CrossFolder(tmp_path / "crossval")
    facts(folder.path)
    plan = CrossPlan(load_recipe("mlp"), 2, 1, "0", 2)
    folder.plan_file.write_text(json.dumps(plan.to_dict()))
    judged = evaluate([0, 1, 0, 1], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3]], list("abcd"), ("NORMAL", "ILL"))
    parts = tuple(FoldResult(f"fold-{n}", 1, n, n, 3, 2, judged) for n in (1, 2))
    found = CrossValidation("mlp", 2, 1, 0, judged, compute_spread(parts), parts, (TEXT,), (TEXT,))
    folder.result_file.write_text(json.dumps(found.to_dict()))
    return folder.path, lambda path, **options: write_crossval_page(folder, path, **options)


@pytest.fixture
def tuning_page(tmp_path):
    folder = TuneFolder(tmp_path / "tuning")
    facts(folder.path)
    plan = TunePlan(load_recipe("mlp"), "random", "auroc", 1, 1, "0", 2)
    folder.plan_file.write_text(json.dumps(plan.to_dict()))
    folder.best_file.write_text('weights = "/home/jane/my runs/a"\n')
    trial = Trial(0, "failed", {}, None, (), 0, 1.0, (), TEXT)
    tuning = Tuning("mlp", "random", "auroc", 1, {}, (trial,), None, 0, {}, None, (TEXT,), (TEXT,))
    folder.result_file.write_text(json.dumps(tuning.to_dict()))
    return folder.path, lambda path, **options: write_tune_page(folder, path, **options)


PAGES = ["run_page", "audit_page", "comparison_page", "crossval_page", "tuning_page"]


@pytest.mark.parametrize("page", PAGES)
def test_no_page_names_an_image_a_patient_or_a_user(page, request, read_page):
    folder, write = request.getfixturevalue(page)
    write(folder / "page.html")
    html = read_page(folder / "page.html").html
    assert not [secret for secret in secrets(folder) if secret in html]
    assert "my chest" in html and "image 2" in html and "patient 3, patient 4" in html
    rows = list(csv.DictReader((folder / "identities.csv").read_text().splitlines()))
    numbers = {Path(row["path"]).stem: int(row["image"]) for row in rows if row["path"]}
    if page != "audit_page":  # whose numbers follow its own findings
        assert numbers.items() >= {stem: number for number, (stem, _) in enumerate(IMAGES[:3], 1)}.items()
        assert {row["patient_id"]: row["patient"] for row in rows}["person23"] == "2"


@pytest.mark.parametrize("page", PAGES)
def test_names_are_shown_where_they_are_asked_for(page, request, read_page):
    folder, write = request.getfixturevalue(page)
    write(folder / "page.html", identities=True)
    text = read_page(folder / "page.html").text
    assert "person23_bacteria_78" in text and ROOT in text and "image 2" not in text
    assert not (folder / "identities.csv").exists()


def test_numbers_keep_their_meaning_from_page_to_page(tmp_path):
    first = Identities(tmp_path, {"/a/one.png": "p", "/a/two.png": "q"})
    assert (first.image("/b/new.png", "r"), first.patient("r")) == ("image 3", "patient 3")
    first.save()
    second = Identities(tmp_path, {"/a/one.png": "p", "/a/two.png": "q"})
    assert second.image("/b/newer.png", "s") == "image 4" and second.image("/b/new.png") == "image 3"
    assert second.hide("new.png of r, newer.png of s") == "image 3 of r, image 4 of s"
    second.save()
    rows = list(csv.reader((tmp_path / "identities.csv").read_text().splitlines()))
    assert rows[1:] == [["3", "/b/new.png", "3", "r"], ["4", "/b/newer.png", "4", "s"]]


@pytest.mark.parametrize(
    "text",
    ["AUROC 0.912 (0.880–0.940) on 7 of 3 images", "45 of 120 patients: 3 in train", "see https://example.org/a/b"],
)
def test_words_and_figures_of_the_page_stay(tmp_path, text):
    names = Identities(tmp_path, {"/a/7.png": "3", "/a/train.png": "images"}, common=["NORMAL"])
    assert names.hide(text) == text


def test_the_meaning_of_every_metric_stays(tmp_path):
    """A division in a formula must not be taken for a path."""
    names = Identities(tmp_path, {"/a/7.png": "3"}, common=["NORMAL"])
    for meaning in METRICS.values():
        assert names.hide(meaning) == meaning
