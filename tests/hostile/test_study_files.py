"""Damaged files of studies: refused in one line before anything is trained or shown."""

import dataclasses
import json
from pathlib import Path

import pytest

from chestnut.config import load_recipe
from chestnut.data.manifest import Manifest
from chestnut.errors import ChestnutError
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.jobs.run_all import JobOptions
from chestnut.report.pages.comparison import write_comparison_page
from chestnut.report.pages.tuning import write_tune_page
from chestnut.studies.comparison.compare import compare
from chestnut.studies.comparison.leaderboard import Leaderboard, Row
from chestnut.studies.comparison.plan import ComparisonFolder, ComparisonPlan, Terms
from chestnut.studies.comparison.variants import make_variants
from chestnut.studies.crossval.crossval import crossval
from chestnut.studies.crossval.plan import CrossFolder, CrossPlan
from chestnut.studies.tuning.plan import TuneFolder, TunePlan
from chestnut.studies.tuning.result import Trial, Tuning
from chestnut.studies.tuning.tune import tune

CHANGED = "was changed after chestnut wrote it (its hash differs from that in {}); restore it from a copy, or start"


class NoEngine:
    """An engine that must not be asked for anything."""

    parallel = 1
    gpus = 0

    def run(self, jobs, on_event):
        raise AssertionError("something was trained")


def images(splits=("train", "val")):
    rows = [
        {"path": f"/data/{n}.png", "label": ("NORMAL", "PNEUMONIA")[n % 2], "patient": f"p{n}"}
        | {"split": splits[n // 12]}
        for n in range(24)
    ]
    return Manifest.build(rows, Path("/data"))


def make_comparison(path):
    plan = ComparisonPlan(make_variants(["mlp", "cnn-small"]), Terms(epochs=2), "0", 2)
    return ComparisonFolder.begin(path, plan, images()), compare


def make_crossval(path):
    return CrossFolder.begin(path, CrossPlan(load_recipe("mlp"), 2, 1, "0", 2), images(("", ""))), crossval


def make_search(path):
    recipe = load_recipe("mlp", ["search.optim.momentum={float=[0, 0.9]}"])
    return TuneFolder.begin(path, TunePlan(recipe, "random", "auroc", 1, 2, "0", 2, "float32"), images()), tune


#: What begins a study of each kind, and gives its folder and what continues it.
STUDIES = {"comparison": make_comparison, "crossval": make_crossval, "tune": make_search}


@pytest.fixture
def begin(tmp_path):
    """Begin a study; gives its folder, and a call that continues it."""

    def begin(study):
        folder, go_on = STUDIES[study](tmp_path / study)
        return folder, lambda: go_on(folder, JobOptions(NoEngine()))

    return begin


def refusal(act):
    with pytest.raises(ChestnutError) as refused:
        act()
    return " ".join(str(refused.value).split())


def swap(text):
    """Exchange two splits, or two classes."""
    for one, other in (("train", "val"), ("NORMAL", "PNEUMONIA")):
        if one in text:
            return text.replace(one, "\0").replace(other, one).replace("\0", other)
    raise AssertionError(text)


@pytest.mark.parametrize(
    ("study", "name"),
    [("comparison", "manifest.csv"), ("comparison", "data.json"), ("crossval", "folds/repeat1-fold2.csv"),
     ("crossval", "folds/repeat1-fold1.json"), ("tune", "manifest.csv")],
)  # fmt: skip
def test_images_that_were_edited_train_nothing(begin, study, name):
    folder, go_on = begin(study)
    path = folder.path / name
    path.write_text(swap(path.read_text()))
    assert f"{path} {CHANGED.format(folder.plan_name)}" in refusal(go_on)
    path.unlink()
    assert f"{path} is missing; restore it from a copy, or start again in another folder" in refusal(go_on)


def test_hashes_stay_when_a_search_is_extended(begin):
    folder, _ = begin("tune")
    folder.extend(5)
    folder.set_precision("float32")
    assert folder.plan.trials == 5
    folder.check_files()
    folder.facts_file.write_text(swap(folder.facts_file.read_text()))
    assert CHANGED.format("tuneplan.json") in refusal(folder.check_files)


def test_a_folder_of_an_earlier_version_is_not_checked(begin):
    folder, _ = begin("comparison")
    values = json.loads(folder.plan_file.read_text())
    del values["hashes"]
    folder.plan_file.write_text(json.dumps(values))
    folder.manifest_file.write_text(swap(folder.manifest_file.read_text()))
    folder.check_files()
    assert set(folder.rows["split"]) == {"train", "val"}


#: What becomes of a plan, and what is said.
PLANS = {
    "empty": (lambda values: "", "is not valid JSON"),
    "a list": (lambda values: [], "is damaged: input should be an object"),
    "newer": (lambda values: values | {"format": 9}, "was made by a newer chestnut"),
    "no format": (lambda values: values | {"format": None}, "is damaged: format: input should be a valid integer"),
    "threads as text": (lambda values: values | {"threads": "2"}, "damaged: threads: input should be a valid integer"),
    "images gone": (lambda values: {k: v for k, v in values.items() if k != "images"}, "images: field required"),
    "hashes as a list": (lambda values: values | {"hashes": []}, "hashes: input should be"),
    "a recipe that is none": (
        lambda values: json.loads(json.dumps(values).replace("name = ", "nome = ")), "nome'; did you mean"
    ),
}  # fmt: skip


@pytest.mark.parametrize("study", STUDIES)
def test_a_damaged_plan_is_refused_by_its_name(begin, study):
    folder, go_on = begin(study)
    whole = json.loads(folder.plan_file.read_text())
    for kind, (damage, said) in PLANS.items():
        damaged = damage(whole)
        folder.plan_file.write_text(damaged if isinstance(damaged, str) else json.dumps(damaged))
        message = refusal(go_on)
        assert folder.plan_name in message and said in message, (kind, message)


def results(begin):
    estimate = Estimate(0.9, 0.8, 0.95)
    row = Row(1, False, "mlp", "random", 1, auroc=estimate, accuracy=estimate, parameters=1, trained=1, epochs=2.0,
              epoch_seconds=1.0, images_a_second=1.0, model_bytes=1.0)  # fmt: skip
    board = Leaderboard((row,), (), 12, 12, 20, ("A sentence.",), ())
    trial = Trial(0, "finished", {"optim.momentum": 0.5}, 0.9, (0.9,), 2, 1.0, ("trial-000-s0",))
    tuning = Tuning("mlp", "random", "auroc", 1, {"optim.momentum": "0 to 0.9"}, (trial,),
                    dataclasses.replace(trial, number=-1, values={}), 0, {}, None, ("A sentence.",), ())  # fmt: skip
    yield begin("comparison")[0], board, write_comparison_page
    yield begin("tune")[0], tuning, write_tune_page


def test_a_damaged_result_makes_no_page(begin):
    for folder, result, write in results(begin):
        whole = json.loads(json.dumps(result.to_dict()))
        for key in whole:
            for wrong in ("x", 1.5, {"a": 1}, [[1]]):
                folder.result_file.write_text(json.dumps(whole | {key: wrong}))
                try:
                    write(folder, folder.page_file)
                except ChestnutError as error:
                    assert folder.result_name in str(error), (key, wrong)
                    assert not folder.page_file.exists()
                folder.page_file.unlink(missing_ok=True)
        folder.result_file.write_text(json.dumps(whole))
        write(folder, folder.page_file)
        assert folder.page_file.is_file()
