"""`chestnut tune`: what it prints and leaves behind, that it goes on, and what it refuses before it writes."""

import pandas as pd
import pytest

import chestnut as cn
from chestnut.files.json_files import read_json
from chestnut.jobs.local_engine import LocalEngine
from chestnut.studies.tuning.plan import TuneFolder
from inline import Inline

TINY = [
    *("--set=input.height=32", "--set=input.width=32", "--set=train.precision=float32", "--set=model.dense=[4]"),
    *("--set=data.fractions=[0.6,0.2,0.2]", "--set=search.optim.learning_rate={float=[1e-4,1e-1],log=true}"),
]
ONE = "search.optim.learning_rate={float=[1e-4,1e-1],log=true}"


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tune") / "images"
    cn.write_phantom(folder, 40, size=48)
    return folder


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--recipe", "mlp"], "mlp has no [search] table, so there is nothing to search; add one, or give --set"),
        (["--recipe", "mlpp"], "no recipe 'mlpp'; did you mean mlp"),
        (["--recipe", "cnn-search", "--trials", "0"], "--trials 0: give 1 or more"),
        (["--recipe", "cnn-search", "--executions", "0"], "--executions 0: give 1 or more"),
        (["--recipe", "cnn-search", "--epochs", "0"], "--epochs 0: give 1 or more"),
        (["--recipe", "cnn-search", "--seed", "-1"], "--seed -1: give 0 or more"),
        (["--recipe", "cnn-search", "--jobs", "0"], "0: give 1 or more"),
        (["--recipe", "cnn-search", "--search", "randm"], "--search randm: no such search; did you mean random"),
        (["--recipe", "cnn-search", "--objective", "f1"], "--objective f1: no such objective; known: auroc"),
        (["--recipe", "mlp", "--set", "search.optim.momentum={float=[0.9,0]}"], "has 0.9 before 0"),
        (
            ["--recipe", "mlp", "--set", "search.model.dens.0={int=[4,8]}"],
            "no key 'model.dens.0'; did you mean model.dense",
        ),
        (["--recipe", "mlp", "--set", "search.seed={int=[4,8]}"], "no search varies seed"),
        ([], "give DATA and --recipe NAME to search, or --resume FOLDER"),
        (["--recipe", "cnn-search", "--resume", "runs/one"], "--resume continues a search with its own terms"),
    ],
)
def test_bad_input_is_one_line_and_nothing_written(chestnut, images, words, said):
    status, out, told = chestnut("tune", images, *words)
    errors = [line for line in told.splitlines() if line.startswith("error: ")]
    assert status == 2 and len(errors) == 1 and out == "" and "Traceback" not in told, told
    assert said in errors[0]
    assert list(chestnut.folder.iterdir()) == []


def test_a_folder_without_a_search_cannot_be_resumed(chestnut, images):
    status, _, said = chestnut("tune", "--resume", images)
    assert status == 2 and "is no search: it has no tuneplan.json" in said
    assert not (images / ".lock").exists()


@pytest.mark.slow
def test_a_search_from_the_command_to_its_best_recipe(chestnut, images, monkeypatch):
    monkeypatch.setattr(LocalEngine, "sized", lambda *given: Inline())
    words = ["tune", images, "--recipe", "mlp", "--executions", 1, "--epochs", 1, "--seed", 5, "--name", "one", *TINY]
    status, out, said = chestnut(*words, "--trials", 2, "--json", "found.json")
    assert status == 0, said
    path = chestnut.folder / "runs" / "one"
    assert [run for run in ("default", "trial-000", "trial-001") if f"{run}-s5: epoch   1" not in said] == []
    assert f"--threads {TuneFolder(path).plan.threads}" in said.splitlines()[-1]
    assert "The best 2 of 2 trials" in out and "optim.learning_rate = " in out and "Report: runs/one/tune.html" in out
    assert "the recipe's own settings have validation AUROC" in " ".join(out.split())
    assert {"tune.html", "tune.json", "trials.csv", "best.toml", "study.db", "figures"} <= set(names(path))
    found, held = read_json(chestnut.folder / "found.json"), read_json(path / "tune.json")
    assert found == held | {"tune": "runs/one", "report": "runs/one/tune.html"}
    table = pd.read_csv(path / "trials.csv")
    scores = [cn.open_run(path / f"trial-00{n}-s5").folder.metrics("val")["metrics"]["auroc"]["value"] for n in (0, 1)]
    assert table["score"].tolist() == pytest.approx(scores) and table["state"].eq("finished").all()
    assert found["default"]["values"] == {"optim.learning_rate": 1e-3} and found["default"]["number"] == -1
    assert found["best"] == int(table["score"].idxmax())

    best = cn.load_recipe(path / "best.toml")
    values = found["trials"][found["best"]]["values"]
    assert best.optim.learning_rate == values["optim.learning_rate"] and not best.search
    run = cn.open_run(path / f"trial-00{found['best']}-s5")
    assert best.changed(["name=mlp"]).model_copy(update={"summary": "", "source": ""}) == run.recipe.model_copy(
        update={"summary": "", "source": ""}
    )
    assert run.recipe.train.stop.metric == "val_auroc" and not run.recipe.search

    assert shown_by_tensorboard(path) == {
        f"{run}/tensorboard": (trial["values"]["optim.learning_rate"], pytest.approx(trial["score"]))
        for trial in (*found["trials"], found["default"])
        for run in trial["runs"]
    }
    before = sorted(path.rglob("*"))
    with TuneFolder(path).lock():
        status, _, said = chestnut("tune", "--resume", "runs/one")
        assert status == 2 and "is in use by another process" in said
    status, _, said = chestnut(*words, "--objective", "loss")
    assert status == 2 and "a search that differs in the recipe, its space or its settings, objective" in said
    assert sorted(path.rglob("*")) == before


def shown_by_tensorboard(folder):
    """What the HParams tab shows of each run: the searched field and the objective."""
    from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
    from tensorboard.context import RequestContext
    from tensorboard.plugins.base_plugin import TBContext
    from tensorboard.plugins.hparams import api_pb2, backend_context, list_session_groups

    runs = plugin_event_multiplexer.EventMultiplexer(tensor_size_guidance={"hparams": 0})
    runs.AddRunsFromDirectory(str(folder))
    runs.Reload()
    provider, asked = data_provider.MultiplexerDataProvider(runs, str(folder)), RequestContext()
    shown = backend_context.Context(TBContext(data_provider=provider, logdir=str(folder)))
    tab = shown.experiment_from_metadata(asked, "", True, shown.hparams_metadata(asked, ""), [])
    assert [info.name for info in tab.hparam_infos] == ["optim.learning_rate"]
    assert [info.name.tag for info in tab.metric_infos] == ["final/auroc"]
    query = api_pb2.ListSessionGroupsRequest(slice_size=99, allowed_statuses=[api_pb2.STATUS_SUCCESS])
    query.col_params.add(hparam="optim.learning_rate")
    query.col_params.add(metric=tab.metric_infos[0].name)
    groups = list_session_groups.Handler(asked, shown, "", query).run().session_groups
    return {
        group.sessions[0].name: (
            group.hparams["optim.learning_rate"].number_value,
            group.metric_values[0].value,
        )
        for group in groups
    }


def names(folder):
    return [item.name for item in folder.iterdir()]
