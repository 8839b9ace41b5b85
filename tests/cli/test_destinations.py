"""No output of a command replaces what it reads, what a run consists of, or, unasked, another file."""

import inspect
import json
import os
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path
from typing import get_args

import pytest
import typer

from chestnut.cli import COMMANDS, app, find_command
from chestnut.cli.shared.destinations import find_outputs, require_free_outputs
from chestnut.cli.shared.output import emit
from chestnut.errors import DataError, DiskError, RunError

#: Every parameter that takes a path and names no output, with its command.
INPUTS = {
    ("*", "data"), ("*", "labels"), ("*", "resume"), ("*", "run"), ("*", "runs"), ("diagnose", "targets"),
    ("ensemble", "given"), ("evaluate", "attributes"), ("test", "first"), ("test", "second"), ("info", "target"),
    ("explain", "other"),
    ("runs", "folder"), ("stress", "external"), ("serve", "token_file"),
    ("serve", "keep_images"), ("listen", "tls_cert"), ("listen", "tls_key"), ("listen", "tls_ca"), ("listen", "spool"),
    ("listen", "to"), ("import", "file"), ("activations", "file"), ("import", "reference"),
    ("report", "study"), ("errors", "folds"),
}  # fmt: skip

#: The arguments that each command needs; nothing of the kind exists.
WORDS = {
    "demo": [], "plan": ["--auroc", "0.9"],
    "phantom": ["new"], "fetch": ["pneumoniamnist", "new"], "info": ["x"], "show": ["x"], "audit": ["x"],
    "split": ["x"], "augment": ["x", "new"], "cache": [], "recipes": [], "train": ["x"], "finetune": ["x"],
    "study": ["new.toml"],
    "compare": ["x"], "control": ["x"], "crossval": ["x"], "tune": ["x"], "ensemble": ["x"],
    "diagnose": ["x", "--lr-range"],
    "runs": ["x"], "evaluate": ["x"], "calibrate": ["x"], "threshold": ["x"],
    "test": ["x", "y"], "exchange": ["x"], "stress": ["x"], "predict": ["x", "y"], "explain": ["x", "y"],
    "errors": ["x"], "embed": ["x"], "activations": ["x", "y"], "guard": ["x"], "report": ["x"],
    "tables": ["x"], "card": ["x"],
    "import": ["x"], "export": ["x"], "serve": ["x"], "listen": ["x"],
}  # fmt: skip

GROUP = typer.main.get_command(app)


@cache
def outputs_of(name):
    return find_outputs(find_command(name))


ALL = [(name, label, output) for name in COMMANDS for label, output in outputs_of(name).values()]
FILES = [(name, label, output) for name, label, output in ALL if not output.folder or output.files]


def every(cases):
    return pytest.mark.parametrize(
        ("name", "label", "output"), cases, ids=[f"{name} {label}" for name, label, _ in cases]
    )


def check(name, label, path, *, force=False, **given):
    """Check one output of a command, as it is done before the command runs."""
    outputs = outputs_of(name)
    values = dict.fromkeys(outputs) | {key: path for key, (own, _) in outputs.items() if own == label}
    require_free_outputs(outputs, {"run": Path("x"), "rate_range": True} | values | given, force=force)


def test_every_output_is_known():
    assert [f"{name} {label}" for name, label, _ in ALL] == [
        "demo --out", "demo --json", "phantom OUT", "phantom --json", "fetch OUT", "fetch --json",
        "info --json",
        "show --out", "show --json", "audit --out", "audit --json", "split --out", "split --json", "augment OUT",
        "augment --json", "cache --json",
        "study FILE", "study --json", "recipes --json", "train --json", "finetune --json", "compare --json",
        "control --json", "crossval --json", "tune --json", "ensemble --json", "diagnose --out", "diagnose --json",
        "runs --json", "evaluate --json", "calibrate --json", "threshold --json", "test --json",
        "exchange --json", "stress --json", "predict --csv", "predict --html", "predict --json",
        "explain --out", "explain --json",
        "errors --json", "embed --out", "embed --json",
        "activations --out", "activations --json", "guard --json",
        "report --out", "report --pdf", "report --figures", "report --json", "tables --out", "tables --json",
        "card --out", "card --json",
        "plan --json", "import --json", "export --to", "export --json", "serve --json",
        "listen --json",
    ]  # fmt: skip


@pytest.mark.parametrize("name", COMMANDS)
def test_every_parameter_that_takes_a_path_is_an_input_or_an_output(name):
    command, outputs = GROUP.commands[name], outputs_of(name)
    assert "--force" in {option for param in command.params for option in param.opts}
    signature = inspect.signature(find_command(name), eval_str=True)
    for parameter in signature.parameters.values():
        if "pathlib.Path" in str(get_args(parameter.annotation)[:1]):
            known = {(name, parameter.name), ("*", parameter.name)} & INPUTS
            assert bool(known) != (parameter.name in outputs), f"is {parameter.name} of {name} an input or an output?"
    for param in command.params:
        if param.name in ("csv", "json", "output", "picture") or param.metavar in ("FILE", "OUT"):
            assert param.name in outputs, f"{param.name} of {name} is not marked as an output"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_checks_its_outputs_before_any_work(chestnut, name):
    (chestnut.folder / "mine.json").write_text("mine")
    status, _, said = chestnut(name, *WORDS[name], "--json", "mine.json")
    advice = "name another file with --json, or overwrite it with --force"
    assert (status, said) == (2, f"error: mine.json exists already; {advice}\n")
    assert [item.name for item in chestnut.folder.iterdir()] == ["mine.json"]


@every(FILES)
def test_an_existing_file_is_overwritten_only_with_force(tmp_path, name, label, output):
    path = tmp_path / (output.files or ("mine.png",))[0]
    path.write_text("mine")
    given = tmp_path if output.files else path
    with pytest.raises(DataError, match=f"{path} exists already; name another file with {label}, or overwrite it with"):
        check(name, label, given)
    check(name, label, given, force=True)


@pytest.fixture
def run(tmp_path):
    """The folder of something that looks like a run."""
    folder = tmp_path / "runs" / "one"
    for name in ("environment.json", "recipe.toml", "bundle/model.keras"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


@every(ALL)
def test_nothing_is_written_inside_a_run(run, name, label, output):
    path = run / "bundle" / ("new" if output.folder else "model.keras")
    for force in (False, True):
        with pytest.raises(RunError, match=f"it is inside the run {run}, where only chestnut writes; name another"):
            check(name, label, path, force=force)


def test_a_report_does_not_replace_a_network(chestnut, run):
    network = run / "bundle" / "model.keras"
    status, _, said = chestnut("report", run, "--out", network, "--force")
    assert status == 2 and f"--out {network}: it is inside the run {run}" in said
    assert network.read_text() == "bundle/model.keras"


@pytest.mark.parametrize("plan", ["plan.json", "crossplan.json", "tuneplan.json"])
def test_nothing_is_written_inside_a_study(tmp_path, plan):
    for name in (plan, "manifest.csv"):
        (tmp_path / name).touch()
    with pytest.raises(RunError, match=f"it is inside the study {tmp_path}"):
        check("recipes", "--json", tmp_path / "new.json")


@pytest.mark.parametrize("there", [True, False])
def test_a_report_may_stand_in_its_own_place(run, there):
    if there:
        (run / "report.html").touch()
    check("report", "--out", run / "report.html", run=run)
    with pytest.raises(RunError, match="inside the run"):
        check("report", "--json", run / "report.html", run=run)


@every(FILES)
def test_a_folder_is_no_file(tmp_path, name, label, output):
    folder = tmp_path / (output.files or ("place",))[0]
    folder.mkdir()
    with pytest.raises(DiskError, match=f"{label} {folder}: it is a folder; name a file"):
        check(name, label, tmp_path if output.files else folder)


@every(ALL)
def test_a_path_that_cannot_be_is_told_before_any_work(tmp_path, name, label, output):
    (tmp_path / "file").touch()
    for path in ("y" * 300, "a\0b", "file/below"):
        with pytest.raises(DiskError, match=r"cannot write .*; give"):
            check(name, label, tmp_path / path)


def test_a_place_without_permission_is_told_before_any_work(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(DiskError, match="no permission to write there"):
        check("recipes", "--json", tmp_path / "deep" / "x.json")


@pytest.mark.parametrize("given", ["v.jpeg", "images", "images/*.jpeg", "list.csv", "a.toml,v.jpeg", "weights=v.jpeg"])
def test_what_a_command_reads_is_not_replaced_even_with_force(tmp_path, monkeypatch, given):
    monkeypatch.chdir(tmp_path)
    image = tmp_path / "images" / "v.jpeg"
    image.parent.mkdir()
    image.write_text("a radiograph")
    Path("v.jpeg").symlink_to(image)
    Path("link.jpeg").symlink_to(image)
    Path("hard.jpeg").hardlink_to(image)
    Path("list.csv").write_text("path,label\nimages/other.jpeg,A\nimages/v.jpeg,B\n")
    for named in (image, "images/v.jpeg", "link.jpeg", "hard.jpeg", "images/../images/v.jpeg"):
        with pytest.raises(DataError, match=f"--csv {named}: the command reads this file; name another one"):
            check("predict", "--csv", Path(named), files=[given], force=True)


def test_a_radiograph_is_not_replaced_by_its_prediction(chestnut):
    image = chestnut.folder / "v.jpeg"
    image.write_text("a radiograph")
    said = chestnut("predict", "r", "v.jpeg", "--csv", "v.jpeg", "--force")[2]
    assert said == "error: --csv v.jpeg: the command reads this file; name another one\n"
    assert image.read_text() == "a radiograph"


def test_the_images_of_a_run_are_not_replaced(tmp_path, run):
    image = tmp_path / "image.dcm"
    image.write_text("a radiograph")
    (run / "manifest.csv").write_text(f"path,label\n{image},A\n")
    with pytest.raises(DataError, match="the command reads this file"):
        check("evaluate", "--json", image, run=run, force=True)


def test_a_file_beside_the_images_may_be_replaced(tmp_path):
    (tmp_path / "split.csv").write_text("mine")
    check("split", "--out", tmp_path / "split.csv", data=tmp_path, force=True)


def test_only_json_goes_to_standard_output_by_a_dash():
    check("recipes", "--json", Path("-"))
    with pytest.raises(DataError, match="--csv -: name a file; only --json takes -"):
        check("predict", "--csv", Path("-"))


def test_two_options_cannot_name_one_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for other in (Path("x.csv"), Path("y", "..", "x.csv"), tmp_path / "x.csv"):
        with pytest.raises(DataError, match=r"--csv and --json both name .*; give each its own file"):
            check("predict", "--csv", Path("x.csv"), json=other)


def test_the_picture_of_a_range_test_is_checked_only_if_it_is_drawn(tmp_path):
    (tmp_path / "lr-range.png").write_text("mine")
    check("diagnose", "--out", tmp_path / "lr-range.png", rate_range=False)
    with pytest.raises(DataError, match=r"lr-range.png exists already"):
        check("diagnose", "--out", tmp_path / "lr-range.png")


def test_a_pipe_is_written_through(chestnut):
    pipe = chestnut.folder / "pipe"
    os.mkfifo(pipe)
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()), daemon=True)
    reader.start()
    assert chestnut("recipes", "mlp", "--json", pipe)[0] == 0
    reader.join(10)
    assert '"name": "mlp"' in read[0] and pipe.is_fifo()


@pytest.mark.slow
def test_standard_output_is_written_through_into_a_file(tmp_path):
    path = tmp_path / "out.json"
    words = [sys.executable, "-c", "from chestnut.cli import main; main()", "recipes", "mlp", "--json", "/dev/stdout"]
    with path.open("w") as file:
        subprocess.run(words, stdout=file, check=True)
    value, end = json.JSONDecoder().raw_decode(path.read_text())
    assert value["name"] == "mlp" and "# mlp:" in path.read_text()[end:]


def test_the_result_of_a_new_run_is_not_written_into_it(run):
    with pytest.raises(RunError, match=r"--json .*inside the run"):
        emit({}, run / "record.json")
