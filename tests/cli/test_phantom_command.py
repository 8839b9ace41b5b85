import json

import pytest
import typer
from typer.testing import CliRunner

from chestnut.cli.data.phantom import command
from chestnut.errors import DataError


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    app = typer.Typer()
    app.command()(command)
    return lambda *words: CliRunner().invoke(app, list(words))


def test_counts_folder_and_next_command_are_printed(run, tmp_path):
    done = run("made", "--patients", "4", "--size", "32", "--format", "png16")
    assert done.exit_code == 0
    assert "Synthetic images, 32×32 png16" in done.stdout
    counted = {words[0]: words[1] for line in done.stdout.splitlines() if len(words := line.split()) == 3}
    assert counted == {"class": "patients", "NORMAL": "2", "PNEUMONIA": "2", "total": "4"}
    assert "Next: chestnut audit made" in done.stderr
    assert (tmp_path / "made" / "phantom.json").is_file()


def test_json_on_standard_output(run):
    done = run("made", "--patients", "3", "--size", "32", "--seed", "4", "--json", "-")
    facts = json.loads(done.stdout)
    assert facts["patients"] in ({"NORMAL": 1, "PNEUMONIA": 2}, {"NORMAL": 2, "PNEUMONIA": 1})
    assert {"out": "made", "seed": 4, "size": 32, "format": "jpeg", "synthetic": True}.items() <= facts.items()


def test_bad_values(run):
    assert isinstance(run("made", "--size", "8").exception, DataError)
    assert run("made", "--format", "bmp").exit_code == 2
    assert run("made", "--patients", "two").exit_code == 2
