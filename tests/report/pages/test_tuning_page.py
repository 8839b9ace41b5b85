"""The page of a search, from files written by hand."""

import dataclasses
import json

import pytest
from PIL import Image

from chestnut.config import load_recipe
from chestnut.errors import DataError, RunError
from chestnut.evaluation.selection_bias import Gain, gain_in_words
from chestnut.report.pages.tuning import write_tune_page
from chestnut.studies.tuning.plan import TuneFolder, TunePlan
from chestnut.studies.tuning.result import Trial, Tuning

SPACE = {
    "model.filters.0": "32 to 128 in steps of 16",
    "optim.learning_rate": "0.0001 to 0.01, by ratio",
    "optim.name": "adam or sgd",
}


def trial(number, state, score, filters=32, scores=(), **more):
    values = {"model.filters.0": filters, "optim.learning_rate": 0.00123456, "optim.name": "adam"}
    known = {"epochs": 1200, "seconds": 75.0, "runs": (f"trial-{number:03d}-1",)}
    return Trial(number, state, values, score, scores, **known | more)


@pytest.fixture
def search(tmp_path):
    """Writes a search of trials; gives its folder."""

    def write(trials, best, gain=None, synthetic=False, pictures=True, **more):
        folder = TuneFolder(tmp_path / "narrow <&>")
        folder.figures.mkdir(parents=True)
        default = dataclasses.replace(trial(-1, "finished", 0.95), values={})
        said = (gain_in_words(gain, f"trial {best}"),) if gain else ("No trial has finished.",)
        known = {
            "default": default,
            "importance": {"optim.learning_rate": 0.7, "model.filters.0": 0.3},
            "executions": 2,
        }
        known |= {"sentences": (*said, "A second <sentence>."), "notes": ("A <note>.",)}
        tuning = Tuning(
            "cnn-small", "hyperband", space=SPACE, trials=tuple(trials), best=best, gain=gain,
            **{"objective": "auroc"} | known | more,
        )  # fmt: skip
        folder.result_file.write_text(json.dumps(tuning.to_dict()))
        plan = TunePlan(load_recipe("cnn-small"), "hyperband", "auroc", 2, 5, "0", 3)
        folder.plan_file.write_text(json.dumps(plan.to_dict()))
        facts = {
            "root": "/data/my chest",
            "classes": ["NORMAL", "PNEUMONIA"],
            "positive": "PNEUMONIA",
            "images": 8,
            "patients": 8,
        }
        folder.facts_file.write_text(json.dumps(facts | {"synthetic": synthetic, "notes": []}))
        lines = [f"/data/{n}.png,{('NORMAL', 'PNEUMONIA')[n % 2]},p{n},{('train', 'val')[n // 4]},,0" for n in range(8)]
        folder.manifest_file.write_text("\n".join(["path,label,patient,split,source,sha256", *lines]))
        if best is not None:
            folder.best_file.write_text('name = "best <of them>"\n')
        for name in ("history", "importance", "parallel") if pictures else ():
            Image.new("L", (900, 300), 200).save(folder.figures / f"{name}.png")
        return folder

    return write


def written(folder):
    write_tune_page(folder, folder.page_file)
    return folder.page_file


def test_a_page_says_first_whether_the_best_is_better(search, read_page):
    trials = [
        trial(0, "finished", 0.96, scores=(0.95, 0.97)),
        trial(1, "pruned", 0.7),
        trial(2, "finished", 0.98, filters=128),
        trial(3, "failed", None, error="out of <memory>"),
        trial(4, "running", None),
    ]
    folder = search(trials, 2, Gain("auroc", 0.03, 0.004, -0.004, 0.012, 810, 445, 1000, 0))
    page = read_page(written(folder))
    text = page.text
    lead = "Trial 2 and the default are not distinguishable on these 810 validation images of 445 patients"
    assert lead in text
    for words in (
        "A second <sentence>.",
        "Corrected gain in AUROC 0.004 95 % −0.004 to 0.012",
        "Best AUROC 0.980 trial 2, flattered by the choice",
        "AUROC of the recipe 0.950",
        "Trials finished 2 of 5: 1 pruned, 1 failed, 1 running",
        "Time of all trials 7 min 30 s",
        "Uncorrected it would be 0.030.",
        "model.filters.0 32 to 128 in steps of 16 128 30%",
        "optim.name adam or sgd adam –",
        "± 0.014",
        "out of <memory>",
        "1,200",
        'name = "best <of them>"',
        "chestnut train '…/my chest' --recipe '…/narrow <&>/best.toml' --threads 3",
        "A <note>.",
        "narrow <&>",
    ):
        assert words in text, words
    order = [text.index(words) for words in ("the recipe’s own settings 1,200", "2 finished 0.980", "0 finished 0.960")]
    order += [text.index(words) for words in ("1 pruned 0.700", "4 running –", "3 failed –")]
    assert order == sorted(order)
    assert sum(tag == "img" for tag, _ in page.tags) == 3


def test_a_loss_is_best_where_it_is_lowest(search, read_page):
    folder = search(
        [trial(0, "finished", 0.3), trial(1, "finished", 0.2)],
        1,
        Gain("loss", 0.1, 0.1, 0.05, 0.2, 10, 5, 1000, 0),
        synthetic=True,
        objective="loss",
    )
    text = read_page(written(folder)).text
    assert "loss lower by 0.100" in text
    assert text.index("1 finished 0.200") < text.index("0 finished 0.300")
    assert "validation loss, the lowest mean over the executions" in text
    assert "Synthetic images" in text


def test_a_search_of_which_nothing_finished(search, read_page):
    folder = search([trial(0, "failed", None, error="boom")], None, pictures=False, default=None, importance={})
    text = read_page(written(folder)).text
    for words in (
        "No trial has finished.",
        "Trials finished 0 of 1: 1 failed",
        "There is no picture of the scores.",
        "Too few trials finished to say which setting matters.",
        "No trial finished, so there is no best recipe.",
        "boom",
    ):
        assert words in text, words


def test_a_page_before_its_result(search):
    folder = search([trial(0, "finished", 0.9)], 0)
    folder.result_file.unlink()
    with pytest.raises(RunError, match=r"has no tune\.json yet; repeat the command"):
        written(folder)
    assert not folder.page_file.exists()


def test_a_best_recipe_that_is_no_text(search):
    folder = search([trial(0, "finished", 0.9)], 0)
    folder.best_file.write_bytes(b"\xff\xfe\xff")
    with pytest.raises(DataError, match=r"best\.toml is not UTF-8 text"):
        written(folder)
