"""A file that figures rest on is as chestnut wrote it, or it is refused."""

import hashlib
import threading

import pytest

from chestnut.config import Recipe
from chestnut.errors import RunError
from chestnut.files import json_files
from chestnut.inference.bundle import Bundle
from chestnut.inference.run_bundle import change_run_bundle, read_run_bundle, write_run_bundle
from chestnut.runs import checked_files
from chestnut.runs.folder import RunFolder
from chestnut.runs.ledger import Look
from chestnut.runs.record import RunRecord

FACTS = {"root": "/data", "classes": ["A", "B"], "positive": "B", "synthetic": False, "images": 2, "patients": 1,
         "notes": []}  # fmt: skip
CHANGED = r"was changed after chestnut wrote it \(its hash differs from the record's\)"


class Stop(BaseException):
    """Stands for the death of the process."""


class Network:
    """Stands for a network that can be saved."""

    weights = ()

    def save(self, path):
        path.write_text("weights")


@pytest.fixture
def run(tmp_path):
    with RunFolder.create(tmp_path / "run", Recipe(name="tiny"), RunRecord(status="finished"), FACTS) as draft:
        draft.write(draft.manifest_file, "path,label,patient,split,source,sha256\n/a.png,A,p,test,,\n")
        draft.write_history([{"epoch": 1, "loss": 0.5}])
        draft.write(draft.audit_file, '{"findings": []}')
        draft.ledger.enter(Look("2026-01-02", "a look", "abc", 1, "/data"))
    return RunFolder.open(tmp_path / "run")


READ = {
    "manifest.csv": lambda run: run.manifest,
    "data.json": lambda run: run.facts,
    "recipe.toml": lambda run: run.recipe,
    "history.csv": lambda run: run.history,
    "audit.json": lambda run: run.audit,
    "ledger.json": lambda run: run.own_looks,
}


@pytest.mark.parametrize("name", READ)
def test_a_file_that_was_edited_is_refused_and_one_that_came_back_is_not(run, name):
    path = run.path / name
    before = path.read_bytes()
    READ[name](run)
    path.write_bytes(before.replace(b"A", b"B") + b"\n")
    with pytest.raises(RunError, match=rf"{name} {CHANGED}; restore it from a copy or train again$"):
        READ[name](run)
    path.write_bytes(before)
    READ[name](run)


@pytest.mark.parametrize("name", READ)
def test_a_file_that_is_gone_is_told_as_missing(run, name):
    (run.path / name).unlink()
    with pytest.raises(RunError, match=rf"{name} is missing; restore it from a copy or train again$"):
        READ[name](run)


@pytest.mark.parametrize("name", READ)
def test_files_of_an_earlier_version_are_not_checked(run, name):
    run.update(hashes={})
    (run.path / name).write_bytes((run.path / name).read_bytes() + b"\n")
    READ[name](run)


def test_a_look_is_never_counted_again_after_its_ledger_was_removed(run):
    run.ledger_file.unlink()
    with pytest.raises(RunError, match=r"ledger\.json is missing"):
        run.ledger.enter(Look("2026-01-02", "another look", "abc", 1, "/data"))
    assert not run.ledger_file.exists()


def test_the_remedy_for_an_evaluation_is_the_command_that_makes_it(run):
    remedies = {"val": "evaluate {} --split val", "elsewhere": "evaluate {} DATA", "stress": "stress {}"}
    for folder, command in remedies.items():
        path = run.evaluation(folder) / "metrics.json"
        run.write(path, "{}")
        path.write_text("{ }")
        with pytest.raises(
            RunError, match=f"restore it from a copy, or make it again by chestnut {command.format(run.path)}$"
        ):
            run.read(path)


@pytest.mark.parametrize("point", ["before the record", "before the file", "before the record again"])
@pytest.mark.parametrize("listed", [True, False])
def test_a_death_while_a_file_is_replaced_leaves_one_that_is_believed(run, monkeypatch, point, listed):
    path, calls = run.manifest_file, []
    if not listed:
        run.update(hashes={})
    before, after = path.read_text(), path.read_text().replace("test", "val")

    def die(name, write):
        def stand_in(*arguments):
            calls.append(name)
            if point == {1: "before the record", 2: "before the file", 3: "before the record again"}[len(calls)]:
                raise Stop
            write(*arguments)

        return stand_in

    with monkeypatch.context() as patch, pytest.raises(Stop):
        patch.setattr(checked_files, "write_json", die("record", json_files.write_json))
        patch.setattr(checked_files, "write_text", die("file", json_files.write_text))
        run.write(path, after)
    assert run.read(path).decode() == (after if point == "before the record again" else before)
    run.write(path, after)
    assert run.record.hashes["manifest.csv"] == [hashlib.sha256(after.encode()).hexdigest()]


def test_a_reader_never_takes_a_file_that_is_being_replaced_for_an_edited_one(run):
    done, faults = threading.Event(), []

    def read():
        while not done.is_set():
            try:
                run.read(run.history_file)
            except RunError as error:
                faults.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for epoch in range(40):
        run.write_history([{"epoch": 1, "loss": epoch}])
    done.set()
    reader.join()
    assert not faults


def test_the_bundle_of_a_run_is_checked_and_its_threshold_can_be_changed(run):
    write_run_bundle(run, Network(), run.recipe, run.manifest)
    assert change_run_bundle(run, threshold=0.25) == read_run_bundle(run)
    path = run.bundle / "bundle.json"
    path.write_text(path.read_text().replace("0.25", "0.75"))
    assert Bundle.read(run.bundle).threshold == 0.75
    for change in (read_run_bundle, lambda run: change_run_bundle(run, threshold=0.5)):
        with pytest.raises(RunError, match=rf"bundle\.json {CHANGED}"):
            change(run)


def test_a_death_before_the_first_content_leaves_a_run_that_knows_of_no_file(tmp_path, monkeypatch):
    recipe, record = Recipe(name="tiny"), RunRecord(status="finished")
    with RunFolder.create(tmp_path / "run", recipe, record, FACTS):
        pass
    run = RunFolder.open(tmp_path / "run")

    def die(*_):
        raise Stop

    with monkeypatch.context() as patched, pytest.raises(Stop):
        patched.setattr(checked_files, "write_text", die)
        run.write(run.history_file, "epoch,loss\n1,0.5\n")
    assert not run.history_file.exists() and run.history.empty
    run.files.check()
    run.write(run.history_file, "epoch,loss\n1,0.25\n")
    assert run.record.hashes["history.csv"] == [hashlib.sha256(b"epoch,loss\n1,0.25\n").hexdigest()]
    run.history_file.unlink()
    with pytest.raises(RunError, match="history"):
        run.files.check()
