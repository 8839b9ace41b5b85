"""The import contracts cover every room, so that a new one cannot stand outside them."""

import tomllib
from pathlib import Path

import chestnut

ROOT = Path(__file__).parents[1]
PACKAGE = Path(chestnut.__file__).parent
CONTRACTS = {
    contract["name"]: contract
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
}
#: What may import Keras: rooms as a whole, and one module of inference.
WITH_KERAS = {"export", "models", "training"}


def rooms():
    """Names of the packages and modules directly below `chestnut`."""
    packages = {item.parent.name for item in PACKAGE.glob("*/__init__.py")}
    return packages | {item.stem for item in PACKAGE.glob("*.py") if item.stem != "__init__"}


def contract(kind, words):
    (found,) = [one for name, one in CONTRACTS.items() if one["type"] == kind and words in name]
    return found


def test_every_room_is_in_a_layer():
    layers = contract("layers", "in a layer")
    assert layers["exhaustive"]
    assert {name.strip() for layer in layers["layers"] for name in layer.split("|")} == rooms()


def test_every_room_but_those_that_compute_with_keras_is_kept_from_it():
    banned = {name.split(".")[1] for name in contract("forbidden", "Keras stays")["source_modules"]}
    assert banned | WITH_KERAS == rooms()
    engine = {name for name in contract("forbidden", "Keras stays")["source_modules"] if ".inference" in name}
    folders = {
        "chestnut.inference": PACKAGE / "inference",
        "chestnut.inference.engines": PACKAGE / "inference" / "engines",
    }
    modules = {f"{name}.{item.stem}" for name, folder in folders.items() for item in folder.glob("*.py")}
    assert {name for name in modules - engine if not name.endswith("__init__")} == {
        "chestnut.inference.engines.keras_engine"
    }
