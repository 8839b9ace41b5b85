"""Damaged files of runs and studies: one line that names the file and what to do, and nothing is left half-written."""

import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from chestnut.config import load_recipe
from chestnut.data.manifest import Manifest
from chestnut.errors import ChestnutError
from chestnut.evaluation.metrics import evaluate
from chestnut.files.csv_files import csv_text
from chestnut.files.hashes import sha256
from chestnut.files.json_files import json_text
from chestnut.inference.bundle import Bundle
from chestnut.report.pages.run import write_run_page
from chestnut.runs.folder import RunFolder
from chestnut.runs.ledger import Look
from chestnut.runs.predictions import PredictionTable
from chestnut.runs.record import RunRecord

CLASSES = ("NORMAL", "PNEUMONIA")
AGAIN = r"restore it from a copy"
CHANGED = r"was changed after chestnut wrote it \(its hash differs from the record's\); " + AGAIN


def manifest():
    """Twelve images of six patients that do not exist."""
    splits = ("train", "train", "val", "val", "test", "test")
    rows = [
        {"path": f"/data/{n}.png", "label": CLASSES[n % 2], "patient": f"p{n // 2}", "split": splits[n // 2]}
        for n in range(12)
    ]
    return Manifest.build(rows, Path("/data"))


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """The folder of a finished run with one evaluation and one look, whose network is no network."""
    folder = tmp_path_factory.mktemp("whole") / "one"
    recipe, images = load_recipe("cnn-small"), manifest()
    record = RunRecord(status="finished", command="chestnut train data", epochs=2, best_epoch=1, stopped_by="early")
    with RunFolder.create(folder, recipe, record, images.facts() | {"skipped": []}) as draft:
        draft.write(draft.manifest_file, images.to_csv(draft.path))
        draft.write(draft.audit_file, json_text({"findings": [], "passed": [], "data": {"root": "/data"}}))
        draft.write_history(
            [{"epoch": n, "loss": 1 / n, "val_loss": 0.7, "val_auroc": 0.8, "seconds": 1.0} for n in (1, 2)]
        )
        draft.bundle.mkdir()
        (draft.bundle / "model.keras").write_bytes(b"no network")
        facts = {"recipe": "cnn-small", "classes": CLASSES, "positive": CLASSES[1], "spec": recipe.input}
        weights = sha256(draft.bundle / "model.keras")
        bundle = Bundle(draft.bundle, **facts, temperature=1.0, threshold=0.5, synthetic=False, weights=weights)
        draft.write(draft.bundle / "bundle.json", json_text(bundle.to_dict()))
        seen = images.only("val")
        shares = np.array([[0.8, 0.2], [0.3, 0.7], [0.6, 0.4], [0.1, 0.9]])
        table = PredictionTable.build(seen.frame[["path", "label", "patient", "split"]], shares, CLASSES, 0.5)
        draft.write(draft.evaluation("val") / "predictions.csv", csv_text(table.frame))
        judged = evaluate(seen.targets, shares, seen.patients, CLASSES, CLASSES[1], resamples=20)
        draft.write(draft.evaluation("val") / "metrics.json", json_text({"data": "/data"} | judged.to_dict()))
        draft.ledger.enter(Look("2026-01-02", "chestnut evaluate", "ab", 4, "/data"))
    return folder


@pytest.fixture
def run(whole, tmp_path):
    """A copy of that run, to be damaged."""
    shutil.copytree(whole, tmp_path / "runs" / "one")
    return RunFolder.open(tmp_path / "runs" / "one")


#: The files of a run, and what reads each.
READ = {
    "environment.json": lambda run: RunFolder.open(run.path),
    "recipe.toml": lambda run: run.recipe,
    "data.json": lambda run: run.facts,
    "manifest.csv": lambda run: run.manifest,
    "audit.json": lambda run: run.audit,
    "history.csv": lambda run: run.history,
    "ledger.json": lambda run: run.ledger.looks,
    "evaluation/val/metrics.json": lambda run: run.metrics("val"),
    "evaluation/val/predictions.csv": lambda run: run.predictions("val", CLASSES),
}


def deep(depth):
    return b"[" * depth + b"]" * depth


def _messages(of_json, of_csv, of_toml):
    return {"json": of_json, "csv": of_csv, "toml": of_toml}


#: Every kind of damage: what becomes of the content, and what is said where no hash tells of it, by the file's ending.
DAMAGE = {
    "empty": (lambda old: b"", _messages("is not valid JSON", "is not a table", "name: field required")),
    "text": (lambda old: b"hello\n", _messages("is not valid JSON", "has no column", "is not valid TOML")),
    "truncated": (lambda old: old[: len(old) * 2 // 3], _messages("is not valid JSON", None, None)),
    "not UTF-8": (lambda old: b"\xff" + old, dict.fromkeys(("json", "csv", "toml"), "is not UTF-8 text")),
    "zeros": (lambda old: bytes(500), _messages("is not valid JSON", "zero bytes", "is not valid TOML")),
    "deep": (lambda old: b"[" * 3000 + b"]" * 3000, _messages("nests lists too deep", "has no column", "")),
    "digits": (lambda old: b"9" * 5000, _messages("a whole number of 5,000 digits", "has no column", "")),
    "infinite": (lambda old: b"1e999", _messages("is too large", "has no column", "")),
    "NaN": (lambda old: b"NaN", _messages("NaN is not a number that JSON knows", "has no column", "")),
    "a number": (lambda old: b"1", _messages("is damaged: input should be", "has no column", "")),
    "wide": (lambda old: b"," * 20_000, _messages("is not valid JSON", "has 20,001 columns; at most 10,000", "")),
}


def refusal(read, run):
    """Read a file that is damaged; gives the one line that says so."""
    with pytest.raises(ChestnutError) as refused:
        read(run)
    return " ".join(str(refused.value).split())


@pytest.mark.parametrize("kind", DAMAGE)
@pytest.mark.parametrize("name", READ)
def test_a_damaged_file_is_refused_by_its_name(run, name, kind):
    path, (damage, said) = run.path / name, DAMAGE[kind]
    path.write_bytes(damage(path.read_bytes()))
    if name != "environment.json":
        assert _matches(rf"{name} {CHANGED}", refusal(READ[name], run))
        run.update(hashes={})  # as in the record of an earlier version
    told = said[name.rpartition(".")[2]]
    if told is None:
        return  # it may be a shorter table or recipe, which only a hash tells
    message = refusal(READ[name], run)
    assert _matches(rf"{name}:? .*{told}", message)
    assert "restore" in message or name == "recipe.toml"


def _matches(pattern, text):
    return re.search(pattern, text) or pytest.fail(f"{pattern!r} is not in {text!r}")


@pytest.mark.parametrize("name", READ)
def test_a_folder_in_its_place_is_called_one(run, name):
    path = run.path / name
    path.unlink()
    path.mkdir()
    assert _matches(rf"{name} is a folder, where a file belongs; {AGAIN}", refusal(READ[name], run))


@pytest.mark.parametrize("name", READ)
def test_a_file_that_may_not_be_read_is_told(run, name, monkeypatch):
    path, opened = run.path / name, Path.open

    def refuse(self, *arguments, **named):
        if self == path:
            raise PermissionError(13, "Permission denied", str(self))
        return opened(self, *arguments, **named)

    monkeypatch.setattr(Path, "open", refuse)
    assert _matches(rf"{name} may not be read: permission is missing; change", refusal(READ[name], run))


def test_a_folder_that_may_not_be_entered_is_told(run, chestnut, monkeypatch):
    exists = Path.exists

    def refuse(self, **named):
        if "one" in self.parts and self.name != "one":
            raise PermissionError(13, "Permission denied", str(self))
        return exists(self, **named)

    monkeypatch.setattr(Path, "exists", refuse)
    for words in (("info", "runs/one"), ("report", "runs/one"), ("diagnose", "runs/one")):
        status, _, said = chestnut(*words)
        assert status == 2 and "environment.json may not be read: permission is missing" in said
        assert said.count("\n") == 1


@pytest.mark.parametrize("name", READ)
def test_a_pipe_in_its_place_is_not_waited_for(run, name):
    path = run.path / name
    path.unlink()
    os.mkfifo(path)
    assert _matches(rf"{name} is a device or pipe, where a file belongs", refusal(READ[name], run))


#: The commands that load no framework, with the files that each rests on.
COMMANDS = {
    ("report", "runs/one"): READ,
    ("info", "runs/one"): READ,
    ("diagnose", "runs/one"): [name for name in READ if not name.startswith(("ledger", "evaluation/val/pred"))],
}


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "words", [words if words[0] == "report" else pytest.param(words, marks=pytest.mark.slow) for words in COMMANDS]
)
def test_a_command_refuses_every_damaged_file_that_it_rests_on_and_changes_nothing(run, words, chestnut):
    for name in COMMANDS[words]:
        path = run.path / name
        old = path.read_bytes()
        path.write_bytes(old[:-2] + b"~\n")
        before = contents(chestnut.folder)
        status, _, said = chestnut(*words)
        assert status == 2 and name in said and said.count("\n") == 1 and said.startswith("error: "), (name, said)
        assert contents(chestnut.folder) == before
        path.write_bytes(old)
    assert chestnut(*words)[0] == 0


def test_runs_shows_the_others_when_one_is_damaged(run, chestnut):
    shutil.copytree(run.path, run.path.parent / "two")
    damaged = chestnut.folder / "runs" / "three"
    damaged.mkdir()
    (damaged / "environment.json").write_text('{"format": 1, "status": "finished", "epochs": "many"}')
    status, out, said = chestnut("runs")
    assert status == 0 and "one" in out and "two" in out
    assert [line.split()[:3] for line in out.splitlines() if "damaged" in line] == [["three", "–", "damaged"]]
    assert "note: runs/three/environment.json is damaged: epochs: input should be a valid integer; restore it" in said
    rows = {row["name"]: row for row in json.loads(chestnut("runs", "--json", "-")[1])["runs"]}
    assert rows["one"]["error"] is None and rows["one"]["looks_at_test"] == 1
    assert rows["three"]["status"] == "damaged" and "epochs" in rows["three"]["error"]
    assert rows["one"].keys() == rows["three"].keys()


#: Values that are wrong almost everywhere.
WRONG = (None, "x", -1, [], {}, [1])


def places(value, here=()):
    """Yield where every value in a JSON value is; of a list, its first item stands for all."""
    yield here
    items = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*here, key))


def replaced(value, place, new):
    """Return a JSON value with another one at a place."""
    if not place:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[place[0]] = replaced(copy[place[0]], place[1:], new)
    return copy


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in READ if name.endswith(".json")])
def test_a_value_of_a_wrong_type_is_refused_or_harmless(run, name):
    run.update(hashes={})
    path, page, shown = run.path / name, run.path / "page.html", 0
    whole = json.loads(path.read_text())
    for place in places(whole):
        for wrong in WRONG:
            path.write_text(json.dumps(replaced(whole, place, wrong)))
            try:
                READ[name](run)
            except ChestnutError as error:
                assert name in str(error), (place, wrong)
                continue
            shown += 1
            if shown <= 40:
                try:
                    write_run_page(run, page)
                except ChestnutError:
                    assert not page.exists()
                page.unlink(missing_ok=True)
