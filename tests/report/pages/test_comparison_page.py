"""The page of a comparison, from files written by hand."""

import dataclasses
import json

import pytest
from PIL import Image

from chestnut.config import load_recipe
from chestnut.errors import DataError, RunError
from chestnut.evaluation.comparison import Pair
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.report.pages.comparison import write_comparison_page
from chestnut.studies.comparison.arms import make_arms
from chestnut.studies.comparison.control import Arm, Control
from chestnut.studies.comparison.control_folder import ControlFolder
from chestnut.studies.comparison.leaderboard import Leaderboard, Row
from chestnut.studies.comparison.plan import ComparisonFolder, ComparisonPlan, ControlTerms, Terms
from chestnut.studies.comparison.variants import make_variants


def row(place, name, value, **more):
    known = {"tied": False, "start": "random weights", "runs": 1, "train_accuracy": 0.9, "parameters": 123456}
    known |= {"trained": 1234, "epochs": 5.0, "epoch_seconds": 2.5, "images_a_second": 321.0, "model_bytes": 4.5e6}
    ends = {"auroc": Estimate(value, value - 0.01, value + 0.005), "accuracy": Estimate(0.9, 0.88, 0.92)}
    return Row(place=place, name=name, **known | ends | more)


def pair(better, worse, distinguishable):
    return Pair(
        better, worse, Estimate(0.02, -0.01, 0.05), 0.0005, 0.001 if distinguishable else 0.3, 0.012, distinguishable
    )


@pytest.fixture
def comparison(tmp_path):
    """Writes a comparison of rows and pairs; gives its folder."""

    def write(rows, pairs, synthetic=False, **terms):
        folder = ComparisonFolder(tmp_path / "backbones <&>")
        (folder.path / "figures").mkdir(parents=True)
        plan = ComparisonPlan(
            make_variants(["mlp", "cnn-small"]), Terms(**{"epochs": 5, "fraction": 0.1} | terms), "0", 2
        )
        folder.plan_file.write_text(json.dumps(plan.to_dict()))
        facts = {
            "root": "/data/chest",
            "classes": ["NORMAL", "PNEUMONIA"],
            "positive": "PNEUMONIA",
            "images": 8,
            "patients": 8,
        }
        folder.facts_file.write_text(json.dumps(facts | {"synthetic": synthetic, "notes": ["split by <patient>"]}))
        lines = [f"/data/{n}.png,{('NORMAL', 'PNEUMONIA')[n % 2]},p{n},{('train', 'val')[n // 4]},,0" for n in range(8)]
        folder.manifest_file.write_text("\n".join(["path,label,patient,split,source,sha256", *lines]))
        board = Leaderboard(tuple(rows), tuple(pairs), 810, 445, 2000, ("A sentence on <them>.",), ("A note.",))
        folder.result_file.write_text(json.dumps(board.to_dict()))
        for name in ("auroc", "curves"):
            Image.new("L", (900, 300), 200).save(folder.figures / f"{name}.png")
        return folder

    return write


def test_a_page_of_equals_and_a_straggler(comparison, read_page):
    rows = [
        row(1, "cnn-small", 0.981, tied=True, start="random weights"),
        row(1, "mlp", 0.975, tied=True, behind=Estimate(0.006, -0.003, 0.012)),
        row(3, "vgg16", 0.913, behind=Estimate(0.068, 0.04, 0.1), start="ImageNet weights"),
    ]
    untested = Pair("mlp", "cnn-small", Estimate(0.02), None, None, None, False)
    folder = comparison(rows, [pair("cnn-small", "mlp", False), pair("mlp", "vgg16", True), untested])
    write_comparison_page(folder, folder.page_file)
    text = read_page(folder.page_file).text
    assert "cnn-small came first with AUROC 0.981 on 810 validation images of 445 patients" in text
    assert "but is not distinguishable from mlp" in text
    for words in ("1= cnn-small", "3 vgg16", "−0.003 to 0.012", "0.903–0.918", "ImageNet weights", "123,456", "1,234"):
        assert words in text, words
    assert "cnn-small over mlp 0.020 −0.010 to 0.050 < 0.001 0.300 not distinguishable" in text
    assert "mlp over vgg16 0.020 −0.010 to 0.050 < 0.001 0.001 told apart" in text
    assert "mlp over cnn-small 0.020 – – – cannot be tested" in text
    assert "percentiles of 2,000 resamples of patients, which is too narrow" in text, "the way of an early version"
    for words in ("A sentence on <them>.", "A note.", "split by <patient>", "10% of each class", "backbones <&>"):
        assert words in text, words
    assert "over seeds" not in text


def test_a_page_of_repeats_and_failures(comparison, read_page):
    rows = [
        row(
            1,
            "cnn-small",
            0.98,
            runs=2,
            auroc_spread=0.004,
            accuracy_spread=0.01,
            train_accuracy=None,
            failed=("seed 2: out",),
        ),
        dataclasses.replace(row(None, "mlp", 0.5, runs=0, failed=("seed 0: the loss became nan",)), auroc=None),
    ]
    folder = comparison(rows, [], synthetic=True, repeats=3, seed=0)
    write_comparison_page(folder, folder.page_file)
    text = read_page(folder.page_file).text
    for words in (
        "Only cnn-small finished: AUROC 0.980",
        "± 0.004 over seeds",
        "mlp failed: seed 0: the loss became nan",
        "cnn-small failed in some of its runs: seed 2: out",
        "There is no other variant to test against.",
        "0, 1, 2",
        "Synthetic images",
    ):
        assert words in text, words


def test_a_page_before_its_leaderboard(comparison):
    folder = comparison([row(1, "mlp", 0.9)], [])
    folder.result_file.unlink()
    with pytest.raises(RunError, match="has no leaderboard yet; make it by chestnut compare --resume"):
        write_comparison_page(folder, folder.page_file)
    assert not folder.page_file.exists()


@pytest.fixture
def experiment(comparison):
    """Turn a comparison into a control experiment; gives its folder."""
    names = {"whole-image": 0.99, "lungs-alone": 0.98, "outside-lungs": 0.95}
    folder = ControlFolder(comparison([row(n, *one) for n, one in enumerate(names.items(), 1)], []).path)
    arms = make_arms(load_recipe("mlp"))
    plan = dataclasses.replace(ComparisonFolder(folder.path).plan, variants=arms, control=ControlTerms("mlp", 3))
    folder.plan_file.write_text(json.dumps(plan.to_dict()))
    arms = tuple(Arm(name, f"part of {name}", 1, Estimate(value, value - 0.01, 1)) for name, value in names.items())
    share = Estimate(0.92, 0.9, 0.94)
    found = Control("mlp", "The <sentence>.", share, arms, (), 810, 445, 3, 2000, ("What tests say.",), ())
    folder.control_file.write_text(json.dumps(found.to_dict()))
    for path in (folder.arms_figure, folder.inputs_figure):
        Image.new("L", (900, 300), 200).save(path)
    return folder


def test_a_page_of_a_control_experiment_begins_with_its_sentence(experiment, read_page):
    write_comparison_page(experiment, experiment.page_file)
    page = read_page(experiment.page_file)
    assert "Control experiment" in page.text and "chestnut control --resume" in page.text
    sentence, tests, seen, board = (
        page.text.index(words) for words in ("The <sentence>.", "What tests say.", "the same recipe", "Place Variant")
    )
    assert sentence < tests < seen < board
    assert "Training images as each of the three networks sees them" in page.all("img", "alt")
    assert "A sentence on" not in page.text


def test_a_damaged_result_of_a_control_experiment_is_named(experiment):
    experiment.control_file.write_text('{"recipe": 3}')
    with pytest.raises(DataError, match=r"control\.json is damaged: recipe.*chestnut control --resume"):
        write_comparison_page(experiment, experiment.page_file)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"control": 3}, "control: input should be a valid dictionary"),
        (
            {"control": {"recipe": "mlp", "left_out": -1}},
            "control.left_out: input should be greater than or equal to 0",
        ),
        ({"variants": [{"name": "mlp", "recipe": 'name = "mlp"'}]}, "are whole-image, lungs-alone, outside-lungs"),
    ],
)
def test_a_damaged_plan_of_a_control_experiment_is_refused(experiment, change, said):
    experiment.plan_file.write_text(json.dumps(json.loads(experiment.plan_file.read_text()) | change))
    with pytest.raises(RunError, match=rf"plan\.json is damaged: .*{said}"):
        write_comparison_page(experiment, experiment.page_file)
