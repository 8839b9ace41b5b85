"""Runs in MLflow's own SQLite store, in W&B's files and in TensorBoard's; trackers that fail; and bad `--track`."""

import json
import os
import shutil
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import chestnut as cn
from chestnut import cli
from chestnut.config import load_recipe
from chestnut.errors import MissingExtraError, RunError
from chestnut.jobs.job import Job
from chestnut.runs.folder import RunFolder
from chestnut.studies.comparison.compare import JobOptions, compare
from chestnut.studies.comparison.plan import ComparisonFolder, Terms, make_plan
from chestnut.studies.comparison.variants import make_variants
from chestnut.training.tracking import observer as tracking
from chestnut.training.tracking import registry as trackers
from chestnut.training.tracking.content import parameters
from chestnut.training.tracking.observer import Tracking
from chestnut.training.tracking.tensorboard import TensorBoard
from tiny import TINY

# MLflow asks SQLAlchemy for what it is about to drop.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def tracked(workspace, tmp_path_factory):
    """A run trained with `--track mlflow`, in the folder it was trained in."""
    pytest.importorskip("mlflow", reason="the extra mlflow is not installed")
    folder = tmp_path_factory.mktemp("tracked")
    words = ["train", workspace.images, "--no-audit", "--name", "one", "--set=data.fractions=[0.6,0.2,0.2]", *TINY]
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as ended:
        patch.chdir(folder)
        patch.setattr("sys.argv", ["chestnut", *map(str, words), "--track", "mlflow"])
        cli.main()
    assert not ended.value.code
    return folder


@pytest.fixture
def database(tracked, tmp_path):
    """A copy of the tracked run's database, which a new run may be told to."""
    return Path(shutil.copy(tracked / "mlflow.db", tmp_path / "mlflow.db"))


@pytest.fixture
def begun(workspace, tmp_path):
    """A run after two of its three epochs."""
    run = RunFolder(Path(shutil.copytree(workspace.run, tmp_path / "runs" / "two")))
    shutil.rmtree(run.tensorboard)
    shutil.rmtree(run.path / "evaluation")
    rows = run.history.to_dict("records")
    run.write_history(rows[:2])
    run.update(status="training")
    return run, rows


def rows_of(database, question, *values):
    with closing(sqlite3.connect(database)) as opened:
        return opened.execute(question, values).fetchall()


@pytest.mark.slow
def test_mlflow_holds_the_recipe_the_epochs_and_the_final_figures(tracked):
    run = RunFolder(tracked / "runs" / "one")
    number = run.record.tracking["mlflow"].run
    database = tracked / "mlflow.db"
    assert rows_of(database, "select status, name from runs where run_uuid = ?", number) == [("FINISHED", "one")]
    held = dict(rows_of(database, "select key, value from params where run_uuid = ?", number))
    assert held == {name: str(value) for name, value in parameters(run.recipe).items()}
    assert held["model.filters"] == "[8]"
    losses = rows_of(database, "select step, value from metrics where key = 'loss/val' and run_uuid = ?", number)
    assert sorted(losses) == list(zip(run.history["epoch"], run.history["val_loss"], strict=True))
    auroc = run.metrics("val")["metrics"]["auroc"]
    final = dict(rows_of(database, "select key, value from metrics where key like 'final/auroc%'"))
    assert final == {f"final/auroc{end}": auroc[of] for end, of in (("", "value"), ("_low", "low"), ("_high", "high"))}


@pytest.mark.slow
def test_mlflow_holds_figures_and_bundle_and_no_picture_or_name_of_a_patient(tracked):
    run = RunFolder(tracked / "runs" / "one")
    (place,) = (tracked / "mlruns" / "chestnut").glob("*/artifacts")
    kept = {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}
    assert {"recipe.toml", "history.csv", "figures/history.png", "evaluation/val/roc.png"} <= kept
    assert (place / "bundle" / "model.keras").read_bytes() == (run.bundle / "model.keras").read_bytes()
    assert not {path for path in kept if "samples" in path or "predictions" in path or "manifest" in path}
    everything = (tracked / "mlflow.db").read_bytes()
    assert b"phantom-" not in everything and run.facts["root"].encode() not in everything
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"


@pytest.mark.slow
def test_a_run_that_goes_on_is_the_same_in_mlflow_with_each_epoch_once(begun, database, tmp_path):
    run, rows = begun
    for told in (rows[:2], rows):
        run.write_history(told)
        with Tracking(run, trackers.open_trackers(["mlflow"], tmp_path / "runs")) as tracking:
            tracking.epoch(told[-1], best=True)
    number = run.record.tracking["mlflow"].run
    steps = rows_of(database, "select step from metrics where key = 'loss/train' and run_uuid = ?", number)
    assert sorted(steps) == [(1,), (2,), (3,)]
    assert rows_of(database, "select count(*) from runs where name = 'two'") == [(1,)]
    (again,) = trackers.reopen_trackers([], run.path)
    assert again.given == f"mlflow:sqlite:///{database}"


@pytest.mark.slow
def test_a_run_of_which_nothing_was_kept_is_deleted_from_mlflow(begun, database, tmp_path):
    run, _ = begun
    with Tracking(run, trackers.open_trackers(["mlflow"], tmp_path / "runs")):
        shutil.rmtree(run.path)
    assert rows_of(database, "select lifecycle_stage from runs where name = 'two'") == [("deleted",)]


class Forgetful:
    """A tracker whose first calls fail."""

    given = "forgetful"

    def __init__(self, failures):
        self.failures, self.epochs, self.ended = failures, [], 0

    def _fail(self):
        self.failures -= 1
        if self.failures >= 0:
            raise ConnectionError("no answer\nfrom there")

    def begin(self, run):
        self._fail()
        return 0

    def log(self, rows):
        self._fail()
        self.epochs += [row["epoch"] for row in rows]

    def end(self, run):
        self._fail()
        self.ended += 1


@pytest.mark.parametrize("failures", [0, 1, 2, 3])
def test_a_tracker_that_fails_is_told_later_what_it_missed(begun, failures, monkeypatch):
    run, rows = begun
    monkeypatch.setattr(tracking, "_PAUSE", 0.0)
    run.write_history(rows[:1])
    tracker = Forgetful(failures)
    with Tracking(run, (tracker,)) as told:
        for number in (1, 2, 3):
            run.write_history(rows[:number])
            told.epoch(rows[number - 1], best=False)
    assert (tracker.epochs, tracker.ended) == ([1, 2, 3], 1)


def test_a_tracker_that_fails_is_left_alone_for_a_while(begun):
    run, rows = begun
    tracker = Forgetful(100)
    with Tracking(run, (tracker,)) as told:
        for row in rows:
            told.epoch(row, best=False)
    assert tracker.failures == 98, "one call at the beginning, one at the end"


def test_a_server_that_is_gone_stops_nothing(begun, warnings_of):
    pytest.importorskip("mlflow", reason="the extra mlflow is not installed")
    from chestnut.training.tracking.mlflow import MLflow

    run, rows = begun
    with Tracking(run, (MLflow("http://127.0.0.1:1"),)) as told:
        told.epoch(rows[1], best=True)
    first, last = warnings_of()
    assert first.startswith("the tracker mlflow:http://127.0.0.1:1 failed (") and "training continues" in first
    assert "the run folder has everything" in last


@pytest.fixture
def warnings_of(monkeypatch):
    """What was logged as a warning by trackers since the test began."""
    said = []
    for module in (tracking, trackers):
        monkeypatch.setattr(module._log, "warning", lambda text, *values: said.append(text % values))
    return lambda: said


def test_a_run_that_goes_on_does_not_wait_for_its_tracker(begun, warnings_of):
    pytest.importorskip("mlflow", reason="the extra mlflow is not installed")
    run, _ = begun
    run.update(tracking={"mlflow": {"track": "mlflow:http://127.0.0.1:1", "run": "x"}})
    assert trackers.reopen_trackers([], run.path) == ()
    assert "two continues without this tracker" in warnings_of()[0]


@pytest.fixture
def refused(chestnut, workspace):
    """Train with a `--track` that must be refused; gives what was said."""

    def train(*track):
        before = set(chestnut.folder.rglob("*"))
        status, out, said = chestnut("train", workspace.images, *(f"--track={one}" for one in track), *TINY)
        errors = [line for line in said.splitlines() if line.startswith("error: ")]
        assert status == 2 and len(errors) == 1 and out == "" and "Traceback" not in said, said
        assert set(chestnut.folder.rglob("*")) == before, "something was written"
        return errors[0]

    return train


@pytest.mark.parametrize(
    ("track", "said"),
    [
        (["mlfow"], "no such tracker; did you mean mlflow"),
        (["wandb", "wandb"], "wandb: given 2 times"),
        (["wandb:http://here"], "wandb takes no address; set WANDB_BASE_URL"),
        (["mlflow:file:/tmp/mlruns"], "give sqlite:///FILE, or http://HOST:PORT"),
        (["mlflow:sqlite:///"], "give sqlite:///FILE"),
        (["mlflow:http://"], "give sqlite:///FILE"),
        (["mlflow:http://here:port"], "give sqlite:///FILE"),
        (["mlflow:https://me:secret@here"], "contains a password, which every run would store"),
        (["mlflow:sqlite:///nowhere/runs.db"], "there is no folder"),
    ],
)
def test_a_tracker_that_cannot_be_is_one_line_and_nothing_written(refused, track, said):
    if track[0].startswith("mlflow:"):
        pytest.importorskip("mlflow", reason="the extra mlflow is not installed")
    found = refused(*track)
    assert said in found and "secret" not in found


def test_a_file_that_is_no_database(refused, chestnut):
    pytest.importorskip("mlflow", reason="the extra mlflow is not installed")
    (chestnut.folder / "notes.txt").write_text("nothing of the kind")
    assert "notes.txt is not a SQLite database" in refused("mlflow:sqlite:///notes.txt")


@pytest.mark.parametrize("silent", [True, False])
def test_a_server_that_does_not_answer(refused, monkeypatch, silent):
    pytest.importorskip("mlflow", reason="the extra mlflow is not installed")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        if not silent:
            server.close()
        said = refused(f"mlflow:http://127.0.0.1:{port}")
    assert f"mlflow:http://127.0.0.1:{port}: MLflow does not answer (" in said
    assert "or train without " in said


@pytest.mark.parametrize("name", ["mlflow", "wandb"])
def test_a_missing_extra_names_its_command(monkeypatch, tmp_path, name):
    monkeypatch.setattr(trackers, "find_spec", lambda package: None)
    with pytest.raises(MissingExtraError, match=rf"pip install 'chestnut\[{name}\]'"):
        trackers.open_trackers([name], tmp_path)


class Collecting:
    """An engine that runs nothing."""

    parallel = 1

    def run(self, jobs, on_event):
        self.jobs = list(jobs)
        yield from ()


def test_each_run_of_a_comparison_is_tracked(workspace, tmp_path):
    plan, images = make_plan(cn.load_dataset(workspace.images), make_variants(["mlp", "cnn-small"]), Terms(), 1)
    engine = Collecting()
    with pytest.raises(RunError):
        compare(ComparisonFolder.begin(tmp_path / "both", plan, images), JobOptions(engine, track=("wandb",)))
    assert [job.track for job in engine.jobs] == [("wandb",), ("wandb",)]


def test_a_comparison_refuses_a_tracker_before_anything_is_written(chestnut, workspace):
    status, _, said = chestnut("compare", workspace.images, "--recipes", "mlp,cnn-small", "--track", "mlfow")
    assert status == 2 and "did you mean mlflow" in said and not list(chestnut.folder.iterdir())


def test_a_run_that_others_start_from_is_named_without_its_path():
    recipe = load_recipe("mobilenet-v2", ["model.weights=/hospital/ward/runs/one"])
    assert parameters(recipe)["model.weights"] == "one"


def test_a_job_carries_its_trackers():
    job = Job("a", Path("a"), "", Path("m"), Path("f"), 1, "", track=("mlflow:sqlite:////x.db", "wandb"))
    assert Job.from_json(job.to_json()) == job


def test_wandb_is_kept_in_files_beside_the_run(begun, monkeypatch):
    pytest.importorskip("wandb", reason="the extra wandb is not installed")
    monkeypatch.delenv("WANDB_MODE", raising=False)
    monkeypatch.delenv("WANDB_DATA_DIR", raising=False)
    run, rows = begun
    with Tracking(run, trackers.open_trackers(["wandb"], run.path.parent)) as told:
        told.epoch(rows[1], best=True)
    (folder,) = (run.path.parent / "wandb").glob("offline-run-*")
    (file,) = folder.glob("*.wandb")
    number = run.record.tracking["wandb"].run
    held = file.read_bytes()
    assert number in folder.name and b"loss/train" in held and b"optim.learning_rate" in held
    assert run.facts["root"].encode() not in held and os.environ["WANDB_ERROR_REPORTING"] == "false"


def test_wandb_refuses_an_unknown_mode(refused, monkeypatch):
    monkeypatch.setattr(trackers, "_require", lambda extra, packages: None)
    monkeypatch.setenv("WANDB_MODE", "onlin")
    assert "WANDB_MODE is 'onlin'; set it to one of offline, online" in refused("wandb")


def test_tensorboard_reads_epochs_final_figures_and_the_recipe(begun, workspace):
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
    from tensorboard.plugins.hparams import metadata, plugin_data_pb2

    run, rows = begun
    with Tracking(run, (TensorBoard(),)) as told:
        run.write_history(rows)
        told.epoch(rows[2], best=True)
        shutil.copytree(workspace.run / "evaluation", run.path / "evaluation")
        run.update(status="finished")

    def order(path):  # by time, then by the writer's number, of which 10 follows 9
        parts = path.name.split(".")
        return int(parts[3]), int(parts[-1]) if parts[-1].isdigit() else 0

    events = [
        event for path in sorted(run.tensorboard.iterdir(), key=order) for event in EventFileLoader(str(path)).Load()
    ]
    values = [(event.step, value) for event in events for value in event.summary.value]
    scalars = {(step, value.tag): value.tensor.float_val[0] for step, value in values if value.tensor.float_val}
    assert {step for step, tag in scalars if tag == "loss/val"} == {3}, "the earlier epochs stand in earlier files"
    assert scalars[3, "loss/val"] == pytest.approx(rows[2]["val_loss"])
    auroc = json.loads((run.path / "evaluation" / "val" / "metrics.json").read_text())["metrics"]["auroc"]["value"]
    assert scalars[3, "final/auroc"] == pytest.approx(auroc)
    hparams = [value for _, value in values if value.metadata.plugin_data.plugin_name == metadata.PLUGIN_NAME]
    start, end = (plugin_data_pb2.HParamsPluginData.FromString(one.metadata.plugin_data.content) for one in hparams)
    columns = start.session_start_info.hparams
    assert columns["train.epochs"].number_value == 3 and columns["model.filters"].string_value == "[8]"
    assert end.session_end_info.status == 1
