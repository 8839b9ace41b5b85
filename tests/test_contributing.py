"""CONTRIBUTING.md against the code: the table of rooms, the paths it names, and its examples, which are run."""

import re
import tomllib
from pathlib import Path

import keras
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

import chestnut
from chestnut.config import Recipe, recipe_text
from chestnut.errors import DataError
from chestnut.models import registry
from chestnut.models.build import build_recipe
from chestnut.models.heads import output_layer

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "chestnut"
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def example(name):
    """The code under a comment that names an example."""
    return re.search(rf"<!-- example: {name} -->\n```\w+\n(.*?)```", TEXT, flags=re.S)[1]


def run(name):
    """Run a Python example and return its names."""
    names = {}
    exec(compile(example(name), f"CONTRIBUTING.md: {name}", "exec"), names)
    return names


def rooms():
    return re.findall(r"^\| `(\w+)(?:/|\.py)` \|", TEXT.split("## Layout")[1], flags=re.M)


def test_the_table_of_rooms_is_that_of_the_folders():
    folders = [path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"]
    modules = [path.stem for path in PACKAGE.glob("*.py") if path.stem != "__init__"]
    assert sorted(rooms()) == sorted(folders + modules)


def test_rooms_are_listed_in_the_order_of_the_import_contract():
    floors = next(c["layers"] for c in PROJECT["tool"]["importlinter"]["contracts"] if c["type"] == "layers")
    floor = {room.strip(): number for number, level in enumerate(floors) for room in level.split("|")}
    listed = [room for room in rooms() if room != "recipes"]
    assert sorted(listed) == sorted(floor)
    heights = [floor[room] for room in listed]
    assert heights == sorted(heights, reverse=True)


def test_every_path_that_is_named_exists():
    named = re.findall(r"`((?:src|tests|docs)/[\w./-]+|\w+\.(?:md|toml))`", TEXT)
    assert len(named) > 10
    assert [path for path in named if "NAME" not in path and not (ROOT / path).exists()] == []
    words = ("ModelConfig", "RULES", "COLLECTIONS", "COMMANDS", "PARTS")
    for word, path in re.findall(rf"`({'|'.join(words)})` in `([\w./]+)`", TEXT):
        assert re.search(rf"^{word}\b.*=", (ROOT / path).read_text(encoding="utf-8"), flags=re.M), (word, path)


def test_the_recipe_of_the_guide_builds():
    text = example("recipe")
    recipe = Recipe.from_toml(text)
    parts = re.findall(r"^# ([\w-]+):", text, flags=re.M)
    assert parts == re.findall(r"^# ([\w-]+):", recipe_text("mlp").replace("mlp", recipe.name, 1), flags=re.M)
    assert f"# Parameters: {build_recipe(recipe, 2).count_params():,} " in text


def test_the_network_of_the_guide_registers_and_builds(monkeypatch):
    monkeypatch.setattr(registry, "_BUILDERS", dict(registry._BUILDERS))
    config = run("network")["StemConfig"](filters=3)
    image = keras.Input((32, 32, 1))
    features = registry.builder(config.network)(config, image, "float32")
    network = keras.Model(image, output_layer(config.head, 2)(features))
    assert network.predict_on_batch(np.zeros((1, 32, 32, 1))).shape == (1, 2)


def test_the_source_of_the_guide_reads_its_format_and_refuses_others(tmp_path):
    read = run("source")["read_json_lines"]
    (tmp_path / "a.jsonl").write_text(
        '{"path": "/a.png", "label": "A", "patient": 7}\n{"path": "/b.png", "label": "B"}'
    )
    found = read(str(tmp_path / "a.jsonl"))
    assert [(image.path, image.label, image.patient) for image in found.images] == [
        ("/a.png", "A", "7"),
        ("/b.png", "B", ""),
    ]
    (tmp_path / "b.jsonl").write_text('{"path": "/a.png"}')
    with pytest.raises(DataError, match="line 1"):
        read(str(tmp_path / "b.jsonl"))


def test_the_command_of_the_guide_runs(tmp_path):
    chestnut.write_phantom(tmp_path / "images", 2, size=32)
    app = typer.Typer()
    app.command()(run("command")["command"])
    answer = CliRunner().invoke(app, [str(tmp_path / "images")], catch_exceptions=False)
    assert re.fullmatch(r"\d\.\d images of each of 2 patients\n", answer.stdout)


def test_versions_agree():
    version = PROJECT["project"]["version"]
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## \[(.+?)\]", changes, flags=re.M)[:2] == ["Unreleased", version]
