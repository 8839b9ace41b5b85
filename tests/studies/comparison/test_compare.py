"""A comparison from its plan to its leaderboard and page; resumed with an equal plan, refused with another."""

import dataclasses
import shutil

import numpy as np
import pandas as pd
import pytest

import chestnut as cn
from chestnut.errors import DataError, RecipeError, RunError
from chestnut.files.json_files import read_json
from chestnut.inference.engines.keras_engine import load_network
from chestnut.inference.guard.requirements import find_obstacle
from chestnut.inference.run_bundle import find_run_bundle
from chestnut.report.pages.comparison import write_comparison_page
from chestnut.robustness.exchange.file import read_exchange
from chestnut.studies.comparison.compare import JobOptions, compare
from chestnut.studies.comparison.exchanges import exchange_runs
from chestnut.studies.comparison.plan import ComparisonFolder, Terms, make_plan
from chestnut.studies.comparison.variants import make_variants
from chestnut.training import train as train_module
from inline import TINY, Inline
from killing import Killed
from rewriting import rewrite

TERMS = Terms(fraction=0.8, repeats=2, epochs=2, seed=4)


def begin(images, path, terms=TERMS, settings=TINY, recipes=("mlp", "cnn-small"), grid=()):
    plan, manifest = make_plan(cn.load_dataset(images), make_variants(recipes, settings, grid), terms, threads=2)
    return ComparisonFolder.begin(path, plan, manifest)


@pytest.fixture(scope="module")
def made(images, tmp_path_factory):
    """A comparison of two recipes with two seeds each: its folder, its leaderboard and its engine."""
    folder = begin(images, tmp_path_factory.mktemp("made") / "one")
    engine = Inline()
    return folder, compare(folder, JobOptions(engine)), engine


def test_runs_share_images_split_and_budget(made):
    folder, _, engine = made
    assert engine.done == ["mlp-s4", "cnn-small-s4", "mlp-s5", "cnn-small-s5"]
    runs = [folder.run(name, seed) for name in ("mlp", "cnn-small") for seed in (4, 5)]
    tables = [pd.read_csv(run.manifest_file) for run in runs]
    for run, table in zip(runs, tables, strict=True):
        pd.testing.assert_frame_equal(table, tables[0])
        assert (run.recipe.train.epochs, run.recipe.seed) == (2, int(run.name[-1]))
        assert len(run.history) == 2
    whole = cn.split(cn.load_dataset(folder.facts["root"]), (0.6, 0.2, 0.2), 4).frame
    for split in ("val", "test"):
        assert set(tables[0].loc[tables[0]["split"] == split, "path"]) == set(
            whole.loc[whole["split"] == split, "path"]
        )
    train = tables[0][tables[0]["split"] == "train"]
    assert 0 < len(train) < (whole["split"] == "train").sum()
    assert not set(train["patient"]) & set(tables[0].loc[tables[0]["split"] != "train", "patient"])


@pytest.mark.slow
def test_runs_have_no_guard_until_one_is_asked_for(images, tmp_path):
    halves = (*TINY, "data.fractions=[0.45,0.45,0.1]")
    folder = begin(images, tmp_path / "one", Terms(epochs=1), halves)
    for row in compare(folder, JobOptions(Inline())).rows:
        run = cn.open_run(folder.run(row.name, 0).path)
        assert not find_obstacle(run.folder.manifest.frame)
        assert find_run_bundle(run.folder).guard is None
    assert run.guard(quiet=True) == find_run_bundle(run.folder).guard


@pytest.mark.slow
def test_a_run_killed_before_its_first_epoch_ends_as_if_it_had_not_been(made, images, tmp_path, monkeypatch):
    def die(*_):
        raise Killed

    whole, _, _ = made
    folder = begin(images, tmp_path / "killed")
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(train_module, "train_start", die)
        compare(folder, JobOptions(Inline()))
    compare(folder, JobOptions(Inline()))
    for name in ("mlp-s4", "cnn-small-s4"):
        one, other = (load_network(path / name / "bundle" / "model.keras") for path in (whole.path, folder.path))
        for expected, found in zip(one.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(expected, found)


def test_a_folder_that_another_process_makes_meanwhile_is_opened(images, tmp_path):
    class Raced(ComparisonFolder):
        def write_more(self, plan, manifest):
            ComparisonFolder.begin(tmp_path / "one", plan, manifest)

    plan, manifest = make_plan(cn.load_dataset(images), make_variants(("mlp", "cnn-small"), TINY, ()), TERMS, threads=2)
    folder = Raced.begin(tmp_path / "one", plan, manifest)
    assert folder.plan == plan
    assert [item.name for item in tmp_path.iterdir()] == ["one"]


def test_the_leaderboard_agrees_with_the_runs(made):
    folder, board, _ = made
    for row in board.rows:
        runs = [folder.run(row.name, seed) for seed in (4, 5)]
        areas = [run.metrics("val")["metrics"]["auroc"]["value"] for run in runs]
        assert row.auroc.value == pytest.approx(np.mean(areas))
        assert row.auroc_spread == pytest.approx(np.std(areas, ddof=1))
        assert row.auroc.low <= row.auroc.value <= row.auroc.high
        assert row.accuracy.value == pytest.approx(
            np.mean([run.metrics("val")["metrics"]["accuracy"]["value"] for run in runs])
        )
        assert row.parameters == row.trained > 1000
        assert row.model_bytes == np.mean([(run.bundle / "model.keras").stat().st_size for run in runs])
        assert row.images_a_second > 0 and row.epoch_seconds > 0 and row.start == "random weights"
    assert board.rows[0].auroc.value >= board.rows[1].auroc.value
    assert board.rows[0].behind is None
    assert board.rows[1].behind.value == pytest.approx(board.rows[0].auroc.value - board.rows[1].auroc.value)
    assert "mean over 2 seeds" in " ".join(board.notes)
    table = pd.read_csv(folder.table_file)
    assert table["auroc"].tolist() == pytest.approx([row.auroc.value for row in board.rows])
    assert {"auroc_low", "auroc_high", "accuracy", "train_accuracy", "parameters"} <= set(table)
    assert "<table" in board._repr_html_()
    assert read_json(folder.result_file)["rows"][0]["name"] == board.rows[0].name


def test_the_same_call_again_trains_nothing(made, images):
    folder, board, _ = made
    engine = Inline()
    again = compare(begin(images, folder.path), JobOptions(engine))
    assert engine.done == []
    assert again == board


def test_a_comparison_trains_only_missing_runs(made, images, tmp_path):
    folder, board, _ = made
    shutil.copytree(folder.path, tmp_path / "one")
    shutil.rmtree(tmp_path / "one" / "mlp-s5")
    (tmp_path / "one" / ".chestnut-tmp-mlp-s5-0123abcd").mkdir()
    engine = Inline()
    again = compare(ComparisonFolder(tmp_path / "one"), JobOptions(engine))
    assert engine.done == ["mlp-s5"]
    assert not (tmp_path / "one" / ".chestnut-tmp-mlp-s5-0123abcd").exists()
    assert scores(again) == scores(board)
    assert again.pairs == board.pairs


def scores(board):
    """Return the rows of a leaderboard without measured times."""
    return [dataclasses.replace(row, epoch_seconds=None, images_a_second=None) for row in board.rows]


def test_a_failed_run_is_reported_and_the_others_are_compared(made, tmp_path):
    folder, _, _ = made
    shutil.copytree(folder.path, tmp_path / "one")
    for name in ("mlp-s4", "mlp-s5", "cnn-small-s5"):
        shutil.rmtree(tmp_path / "one" / name)
    copy = ComparisonFolder(tmp_path / "one")
    found = compare(copy, JobOptions(Inline(die_in=("mlp-s4", "mlp-s5", "cnn-small-s5"))))
    assert [(row.name, row.place, row.runs) for row in found.rows] == [("cnn-small", 1, 1), ("mlp", None, 0)]
    assert found.rows[0].failed == ("seed 5: it died",)
    assert found.rows[1].failed == ("seed 4: it died", "seed 5: it died")
    write_comparison_page(copy, copy.page_file)
    assert "failed" in copy.page_file.read_text()
    shutil.rmtree(tmp_path / "one" / "cnn-small-s4")
    with pytest.raises(RunError, match=r"no run has finished.*the first reason: it died"):
        compare(copy, JobOptions(Inline(die_in=("mlp-s4", "mlp-s5", "cnn-small-s4", "cnn-small-s5"))))


def test_a_winner_without_a_backbone_is_not_fine_tuned(made):
    folder, board, _ = made
    found = compare(folder, JobOptions(Inline()), fine_tune_best=True)
    assert found.rows == board.rows
    assert f"{board.rows[0].name} came first and has no backbone to fine-tune." in found.notes


@pytest.mark.parametrize(
    ("terms", "settings", "differs"),
    [
        (dataclasses.replace(TERMS, epochs=3), TINY, "the recipes or their settings, epochs"),
        (dataclasses.replace(TERMS, repeats=3), TINY, "repeats"),
        (dataclasses.replace(TERMS, fraction=0.5), TINY, "the images or their split, fraction"),
        (TERMS, (*TINY, "optim.learning_rate=1e-2"), "the recipes or their settings"),
    ],
)
def test_another_plan_in_the_same_folder_is_refused(made, images, terms, settings, differs):
    folder, _, _ = made
    before = sorted(folder.path.rglob("*"))
    with pytest.raises(RunError, match=f"differs in {differs}; choose another folder"):
        begin(images, folder.path, terms, settings)
    assert sorted(folder.path.rglob("*")) == before


def test_a_folder_of_something_else_is_refused(images, tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "notes.txt").write_text("mine")
    with pytest.raises(RunError, match="exists already; choose another name"):
        begin(images, tmp_path / "one")
    with pytest.raises(RunError, match=r"is no comparison: it has no plan\.json"):
        compare(ComparisonFolder(tmp_path), JobOptions(Inline()))


def test_a_comparison_is_used_by_one_process_at_a_time(made):
    folder, _, _ = made
    with folder.lock(), pytest.raises(RunError, match="is in use by another process"):
        compare(folder, JobOptions(Inline()))


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        (Terms(fraction=0), "fraction=0: give a share of the training patients above 0, at most 1"),
        (Terms(fraction=1.5), "fraction=1.5: give a share"),
        (Terms(repeats=0), "repeats=0: give 1 or more runs"),
        (Terms(epochs=0), "epochs=0: give 1 or more"),
        (Terms(seed=-1), "seed=-1: give 0 or more"),
    ],
)
def test_terms_out_of_range_are_refused(images, tmp_path, terms, said):
    with pytest.raises(DataError, match=said):
        begin(images, tmp_path / "one", terms)
    assert not (tmp_path / "one").exists()


def test_recipes_that_split_differently_are_refused(images, tmp_path):
    settings = (*TINY, "mlp:data.fractions=[0.5,0.25,0.25]")
    with pytest.raises(RecipeError, match=r"the recipes have data.fractions .* give the same for all"):
        begin(images, tmp_path / "one", TERMS, settings)


def test_the_smallest_number_of_epochs_applies_to_all(images, tmp_path):
    folder = begin(images, tmp_path / "one", Terms(), (*TINY, "mlp:train.epochs=7"))
    assert folder.plan.terms.epochs == 7
    assert {one.recipe.train.epochs for one in folder.plan.variants} == {7}


@pytest.mark.slow
def test_exchange_tests_of_all_runs_enter_the_leaderboard_once(made, tmp_path, monkeypatch):
    shutil.copytree(made[0].path, tmp_path / "one")
    folder = ComparisonFolder(tmp_path / "one")
    board = compare(folder, JobOptions(Inline()))
    assert all(row.exchanged is row.given_away is None for row in board.rows)
    tested = exchange_runs(folder, board)
    for row in tested.rows:
        found = [read_exchange(folder.run(row.name, seed)).all for seed in (4, 5)]
        assert row.exchanged.value == pytest.approx(np.mean([one.other.auroc.value for one in found]))
        assert row.given_away.value == pytest.approx(np.mean([one.given_away.value for one in found]))
        assert row.exchanged.low <= row.exchanged.value <= row.exchanged.high
    assert {"exchanged", "exchanged_low", "given_away_high"} <= set(pd.read_csv(folder.table_file))
    write_comparison_page(folder, tmp_path / "page.html")
    assert "After exchange" in (tmp_path / "page.html").read_text()
    with monkeypatch.context() as patch:
        patch.setattr("chestnut.robustness.exchange.save.save_exchange", None)
        assert exchange_runs(folder, board) == tested == compare(folder, JobOptions(Inline()))
    path = folder.run("mlp", 4).exchange / "predictions.csv"
    rewrite(path, "".join(line for line in path.read_text().splitlines(keepends=True) if ",all,other,2," not in line))
    with pytest.raises(DataError, match=r"predictions.csv does not belong to exchange.json; .* chestnut exchange"):
        compare(folder, JobOptions(Inline()))
    shutil.rmtree(folder.run("mlp", 4).exchange)
    monkeypatch.setattr("chestnut.lungfield.find.doubt", lambda *facts: "no lungs")
    partial = exchange_runs(folder, board)
    assert [row.name for row in partial.rows if row.exchanged is None] == ["mlp"]
    assert "mlp-s4 has no exchange test: lungs were found in none of the" in partial.notes[-1]
