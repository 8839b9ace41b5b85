"""The trials of a search: which spaces are accepted, which settings are drawn, and what survives a kill."""

import math
import sqlite3
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.storages import InMemoryStorage

from chestnut.config import IntRange, Recipe, load_recipe
from chestnut.errors import ChestnutError, DataError, DiskError, RecipeError, RunError
from chestnut.studies.tuning.plan import Terms, TuneFolder, TunePlan, apply_terms
from chestnut.studies.tuning.sampling import recipe_values
from chestnut.studies.tuning.trials import Trials, make_study, open_trials

SPACE = (
    "search.model.filters.0={int=[8, 16], step=4}",
    "search.model.dense={choice=[[8], [16, 8]]}",
    "search.optim.learning_rate={float=[1e-4, 1e-2], log=true}",
)


def planned(*changes, **terms):
    given = Terms(**{"epochs": 9, "seed": 3} | terms)
    recipe = apply_terms(Recipe(name="mine").changed(changes or SPACE), given)
    return TunePlan(recipe, given.search, given.objective, given.executions, given.trials, "0", 1)


def settle(trials, number, score):
    trials.finish(number, score)
    return trials.values(number)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            "search={}",
            r"mine has no \[search\] table, .* give search.optim.learning_rate=.* cnn-search brings one",
        ),
        ("search.seed={int=[1, 3]}", "no search varies seed: luck is not a setting; executions=N"),
        ("search.train.epochs={int=[1, 3]}", "no search varies train.epochs: .* epochs=N"),
        ("search.data.fractions.0={float=[0.1, 0.4]}", "no search varies data.fractions: all trials share one split"),
        ("search.model.network={choice=['cnn', 'mlp']}", "no search varies model.network: .* chestnut compare"),
        ("search.train.stop.metric={choice=['val_loss', 'val_auroc']}", "the objective decides"),
        ("search.model.filters.9={int=[1, 3]}", "does not take 1: the list has items 0 to 2, not '9'"),
        ("search.optim.learning_rat={float=[1, 3]}", "no key 'optim.learning_rat'; did you mean optim.learning_rate"),
        ("search.optim.learning_rate={float=[-1, 3]}", "mine does not take -1.0: .* greater than 0, given -1.0"),
        ("search.model.dropout={float=[0, 1]}", "mine does not take 1.0: .* less than 1"),
        ("search.train.batch_size={float=[8, 9.5]}", "does not take 9.5: .*whole|integer"),
        ("search.optim.name={choice=['adam', 'adamm']}", "mine does not take adamm: .*'adam', 'adamw'"),
    ],
)
def test_a_space_that_does_not_fit_the_recipe_is_refused(change, said):
    with pytest.raises(RecipeError, match=said) as error:
        apply_terms(Recipe(name="mine").changed([change]), Terms())
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        (Terms(trials=0), "trials=0: give 1 or more choices"),
        (Terms(executions=0), "executions=0: give 1 or more runs"),
        (Terms(epochs=0), "epochs=0: give 1 or more"),
        (Terms(seed=-1), "seed=-1: give 0 or more"),
        (Terms(search="bayes"), "search=bayes: no such search; did you mean bayesian"),
        (Terms(objective="auc"), "objective=auc: no such objective; .*auroc"),
    ],
)
def test_terms_out_of_range_are_refused(terms, said):
    with pytest.raises(DataError, match=said):
        apply_terms(load_recipe("cnn-search"), terms)


def test_a_network_fitted_without_epochs_cannot_be_stopped_early():
    recipe = load_recipe("pca-svm").changed(["search.model.components={choice=[[5], [10]]}"])
    with pytest.raises(RecipeError, match="pca-svm is fitted without epochs"):
        apply_terms(recipe, Terms(search="hyperband"))


def test_the_objective_decides_which_epoch_is_kept():
    stops = [planned(objective=name).recipe.train.stop.metric for name in ("auroc", "accuracy", "loss")]
    assert stops == ["val_auroc", "val_accuracy", "val_loss"]


def test_all_runs_have_the_same_precision_unless_it_is_searched():
    plan = planned()
    assert plan.recipe_of({}, 3).train.precision == "auto"
    held = TunePlan.from_dict(replace(plan, precision="bfloat16").to_dict(), "plan")
    assert held.recipe_of({}, 3).train.precision == "bfloat16"
    assert held.recipe_of({"train.precision": "float32"}, 3).train.precision == "float32"
    assert held.differences(plan) == []


def test_plans_are_the_same_search_whatever_the_number_of_trials():
    plan = planned()
    assert TunePlan.from_dict(plan.to_dict(), "here") == plan
    more = replace(plan, trials=50)
    assert more.digest == plan.digest and not plan.differences(more)
    other = planned("search.optim.momentum={float=[0, 0.5]}", search="bayesian")
    assert plan.differences(other) == ["the recipe, its space or its settings", "search"]


def in_memory(plan):
    """Return trials in memory, which is faster."""
    return Trials(make_study(InMemoryStorage(), plan), plan)


@pytest.mark.parametrize("search", ["random", "bayesian"])
def test_an_interrupted_search_draws_the_same_settings_as_an_uninterrupted_one(search):
    def ask(many, broken):
        plan, storage, found = planned(search=search), InMemoryStorage(), []
        trials = Trials(make_study(storage, plan), plan)
        while len(found) < many:
            trials = Trials(make_study(storage, plan), plan) if broken else trials
            number = trials.ask()
            found.append(settle(trials, number, number / 20))
        return found

    assert ask(12, broken=False) == ask(12, broken=True)


def test_a_running_trial_survives_with_all_its_settings(tmp_path):
    plan, folder = planned(search="hyperband"), TuneFolder(tmp_path)
    with open_trials(folder, plan) as trials:
        first, second = trials.ask(), trials.ask()
        values = trials.values(second)
        assert not trials.report(second, 1, 0.6)
        trials.finish(first, 0.7)
    with open_trials(folder, plan) as trials:
        assert trials.running() == [second] and trials.values(second) == values
        assert not trials.report(second, 1, 0.9), "an epoch that was reported is not judged again"
        trials.fail(second, "out of memory")
        assert (trials.state(second), trials.error(second)) == ("failed", "out of memory")
        assert (trials.state(first), trials.score(first), trials.running()) == ("finished", 0.7, [])
        assert trials.ask() == 2


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 3), st.lists(st.tuples(st.integers(2, 4), st.integers(1, 3)), min_size=1, max_size=2))
def test_nothing_is_tried_twice_and_the_search_ends_when_all_settings_were_tried(seed, axes):
    ranges = [IntRange(int=(1, 1 + step * (size - 1)), step=step) for size, step in axes]
    keys = ["train.batch_size", "model.depth"][: len(ranges)]
    recipe = Recipe(name="mine", search=dict(zip(keys, ranges, strict=True)), seed=seed)
    plan = TunePlan(recipe, "random", "auroc", 1, 99, "0", 1)
    own = recipe_values(recipe)
    trials, tried = in_memory(plan), []
    while (number := trials.ask()) is not None:
        tried.append(tuple(trials.values(number).values()))
    whole = math.prod(one.size for one in ranges)
    inside = all(own[key] in [one.at(at) for at in range(one.size)] for key, one in recipe.search.items())
    assert len(set(tried)) == len(tried) == whole - inside
    assert tuple(own.values()) not in tried


def test_the_worse_trials_are_stopped_at_the_rungs_of_hyperband():
    trials, ends = in_memory(planned(search="hyperband", objective="loss")), {}
    for number in range(12):
        assert trials.ask() == number
        for epoch in range(1, 10):
            ends[number] = epoch
            if trials.report(number, epoch, number + 1 / epoch):
                trials.prune(number)
                break
        else:
            trials.finish(number, number)
    assert ends[0] == 9, "nothing is better than the first"
    assert set(ends.values()) <= {1, 3, 9} and min(ends.values()) < 9
    assert {trials.state(number) for number, epoch in ends.items() if epoch < 9} == {"pruned"}
    for number, epoch in ends.items():
        assert trials.score(number) == pytest.approx(number if epoch == 9 else number + 1 / epoch)


def test_the_best_epoch_so_far_is_what_counts():
    trials = in_memory(planned(search="hyperband"))
    trials.ask()
    for epoch, value in enumerate((0.6, 0.9, 0.3, math.nan), 1):
        trials.report(0, epoch, value)
    trials.prune(0)
    assert trials.score(0) == 0.9


def test_importance_needs_enough_trials_that_differ():
    trials = in_memory(planned())
    for number in range(3):
        settle(trials, trials.ask(), number / 10)
    assert trials.importance() == {}
    for _ in range(9):
        number = trials.ask()
        settle(trials, number, math.log10(trials.values(number)["optim.learning_rate"]))
    shares = trials.importance()
    assert next(iter(shares)) == "optim.learning_rate" and sum(shares.values()) == pytest.approx(1)
    trials = in_memory(planned())
    for _ in range(5):
        settle(trials, trials.ask(), 0.5)
    assert trials.importance() == {}


def test_errors_of_the_storage_are_one_line(tmp_path):
    plan = planned()
    (tmp_path / "study.db").write_text("no database at all")
    with (
        pytest.raises(RunError, match=r"study.db cannot be used \(file is not a database\)"),
        open_trials(TuneFolder(tmp_path), plan),
    ):
        pass
    with pytest.raises(ChestnutError, match="unable to open"), open_trials(TuneFolder(tmp_path / "gone"), plan):
        pass
    folder = TuneFolder(tmp_path / "full")
    folder.path.mkdir()
    with open_trials(folder, plan) as trials:
        trials.ask()
    with pytest.raises(DiskError, match="free some space") as error, open_trials(folder, plan) as trials:
        limit_pages(trials)
        for _ in range(50):
            trials.fail(trials.ask(), "reason " * 2000)
    assert "\n" not in str(error.value)
    with open_trials(folder, plan) as trials:
        assert all(trials.values(number) for number in range(len(trials))) and trials.running()


def limit_pages(trials):
    """Keep the database from growing further."""
    import sqlalchemy

    engine = trials._study._storage._backend.engine

    @sqlalchemy.event.listens_for(engine, "begin")
    def limit(connection):
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")


def test_the_storage_is_an_ordinary_sqlite_file(tmp_path):
    with open_trials(TuneFolder(tmp_path), planned()) as trials:
        trials.ask()
    assert sqlite3.connect(tmp_path / "study.db").execute("select count(*) from trials").fetchone() == (1,)
