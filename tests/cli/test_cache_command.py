import json

import numpy as np
import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from chestnut.cli.data.cache import command
from chestnut.config import InputSpec
from chestnut.data.cache.cache import decode_all
from chestnut.data.manifest import Manifest

app = typer.Typer()
app.command()(command)


@pytest.fixture
def filled(tmp_path, monkeypatch):
    """A cache of three images."""
    monkeypatch.setenv("CHESTNUT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CHESTNUT_CACHE_LIMIT", "5GB")
    rows = []
    for number in range(3):
        path = tmp_path / f"{number}.png"
        Image.fromarray(np.full((20, 20), 9 * number, dtype=np.uint8)).save(path)
        rows.append({"path": str(path), "label": "A", "patient": str(number)})
    decode_all(Manifest.build(rows, tmp_path), InputSpec(height=16, width=16))
    return tmp_path / "cache"


def test_listing(filled):
    shown = CliRunner().invoke(app)
    assert shown.exit_code == 0
    assert "16x16-stretch-v" in shown.stdout
    assert f"of at most 5.0 GB in {filled}" in shown.stdout


def test_json_and_cleaning(filled):
    before = json.loads(CliRunner().invoke(app, ["--json", "-"]).stdout)
    assert (before["folder"], before["limit"], before["freed"]) == (str(filled), 5 * 10**9, 0)
    assert [entry["images"] for entry in before["entries"]] == [3]
    assert before["total"] == before["entries"][0]["bytes"] > 3 * 16 * 16
    kept = json.loads(CliRunner().invoke(app, ["--clean", "--older-than", "1", "--json", "-"]).stdout)
    assert kept["total"] == before["total"]
    after = CliRunner().invoke(app, ["--clean"])
    assert "0 B of at most 5.0 GB" in after.stdout
    assert "freed" in after.stderr


def test_an_age_without_cleaning_is_refused(filled):
    refused = CliRunner().invoke(app, ["--older-than", "1"])
    assert refused.exit_code == 2
    assert "--clean" in refused.stderr
