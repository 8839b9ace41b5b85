"""Write the network to where chestnut reads it, with what identifies it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import chestnut

#: The folder of the network in the package.
MODEL = Path(chestnut.__file__).parent / "lungfield" / "model"
NETWORK, FIGURES, CARD = MODEL / "lungs.onnx", MODEL / "figures.json", MODEL / "CARD.md"
#: The page of the user's guide that shows the figures.
PAGE = Path(__file__).parents[2] / "docs" / "lungs.md"

_IDENTITY = '''"""Identify the network that comes with chestnut; written by `python -m tools.lungs`."""

#: The SHA-256 of `lungs.onnx`.
SHA256 = "{sha256}"
'''


def write_network(stored: bytes, training: dict[str, Any]) -> None:
    """Write the network, its hash, and how it was trained."""
    NETWORK.write_bytes(stored)
    digest = hashlib.sha256(stored).hexdigest()
    (MODEL / "identity.py").write_text(_IDENTITY.format(sha256=digest), encoding="utf-8")
    write_figures({"training": training, "bytes": len(stored), "sha256": digest})


def read_figures() -> dict[str, Any]:
    """Return the figures of the network."""
    return dict(json.loads(FIGURES.read_text(encoding="utf-8")))


def write_figures(figures: dict[str, Any]) -> None:
    """Write the figures of the network."""
    FIGURES.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
