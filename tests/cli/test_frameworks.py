"""Which commands load Keras and its backend, which takes seconds: a table of all, which a new command must join."""

import json
import shutil
import subprocess
import sys

import pytest

from calling import call
from chestnut.cli import COMMANDS

#: Commands that load a framework, and what they need it for.
LOADING = {
    **dict.fromkeys(("demo", "train", "finetune", "control"), "they train"),
    **dict.fromkeys(("compare", "crossval", "tune", "ensemble"), "they train, unless the study has finished"),
    "import": "it builds a network anew",
    "export": "it converts a network",
    "activations": "it looks at every layer, and the network for ONNX Runtime puts out only the last",
}

#: Commands that answer until they are stopped; an import contract keeps Keras out of `serve`.
SERVING = {"serve", "listen"}

#: Commands that load no framework where a run has a network for ONNX Runtime.
FREE = {
    *("phantom", "fetch", "info", "show", "audit", "split", "augment", "cache", "study", "recipes", "diagnose", "runs"),
    *("evaluate", "calibrate", "threshold", "test", "exchange", "stress", "predict", "explain", "errors", "embed"),
    *("guard", "report", "tables", "card", "plan"),
}

#: Lines that are seen to load none; between them they go through everything that such commands share.
LINES = (
    "info run",
    "split images --out split.csv",
    "runs .",
    "diagnose run",
    "evaluate run --split val",
    "threshold run --rule youden",
    "stress run --shift blur --no-exchange",
    "predict run images",
    "report run",
)

#: Runs each command line in a process of its own, and prints which frameworks it loaded and how it ended.
PROGRAM = """
import json, os, sys
import pandas, PIL.Image, scipy.stats  # what many commands share, once
from chestnut import cli
found = {}
for line in json.loads(sys.argv[1]):
    reader, writer = os.pipe()
    if os.fork() == 0:
        nowhere = os.open(f"said-{line.split()[0]}.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(nowhere, 1), os.dup2(nowhere, 2)
        sys.argv = ["chestnut", *line.split()]
        ended = "crashed"
        try:
            cli.main()
        except SystemExit as exit:
            ended = exit.code or 0
        finally:
            loaded = sorted({"keras", "tensorflow", "jax", "torch"} & set(sys.modules))
            os.write(writer, json.dumps([ended, loaded]).encode())
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        found[line] = json.loads(pipe.read())
    os.wait()
print(json.dumps(found))
"""


def test_every_command_is_in_the_table():
    assert len(FREE) + len(LOADING) + len(SERVING) == len(COMMANDS)
    assert FREE | set(LOADING) | SERVING == set(COMMANDS)
    assert {line.split()[0] for line in LINES} <= FREE


@pytest.mark.slow
def test_a_command_that_needs_no_framework_loads_none(workspace, tmp_path):
    shutil.copytree(workspace.images, tmp_path / "images")
    shutil.copytree(workspace.run, tmp_path / "run")
    assert call(["export", "run", "--format", "onnx"], tmp_path) == 0
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(LINES)], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    assert {line: outcome for line, outcome in found.items() if outcome != [0, []]} == {}
