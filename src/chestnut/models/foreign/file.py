"""`ForeignFile`: a file of a network that another program saved with Keras, read without Keras.

The file may come from a stranger. Its configuration is checked against a list of layers before anything builds them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import h5py  # type: ignore[import-untyped]  # comes with Keras

from chestnut.errors import ForeignFileError
from chestnut.files.hashes import sha256
from chestnut.models.foreign.graph import Graph
from chestnut.models.foreign.parse import parse
from chestnut.models.foreign.tables import read_tables
from chestnut.models.network_config import MOST_BYTES
from chestnut.models.network_file import read_archive
from chestnut.models.stored_weights import count_stored, stored_sides

#: How files begin that people take for files of Keras.
_OTHERS = {
    b"\x80\x02": "a file of PyTorch or pickle",
    b"PK\x03\x04": "a ZIP archive",
    b"\x08": "a file of ONNX or a SavedModel",
}
_SAVE = "save the network whole where it was trained, with model.save('model.keras') or model.save('model.h5')"


@dataclass(frozen=True)
class ForeignFile:
    """A file of a network, and what it says.

    Attributes:
        path: The file.
        sha256: The SHA-256 of its content.
        bytes: Its size.
        keras: The version of Keras that wrote it; `unknown` if it does not say.
        graph: The network.
        mended: What was changed of it so that this version of Keras can build it, in words.
    """

    path: Path
    sha256: str
    bytes: int
    keras: str
    graph: Graph
    mended: tuple[str, ...]

    @classmethod
    def read(cls, path: Path) -> ForeignFile:
        """Read and check a file.

        Raises:
            ForeignFileError: There is no such file, it contains no whole network, is damaged, or has a layer that is
                not accepted.
        """
        if path.is_dir():
            raise ForeignFileError(f"{path} is a folder, perhaps a SavedModel; {_SAVE}")
        if not path.is_file():
            raise ForeignFileError(f"there is no file {path}; give the .h5 or .keras file of a network")
        try:
            version, text, sides = _read(path)
            graph, mended = parse(read_tables(text), sides)
        except ValueError as error:
            raise ForeignFileError(f"{path} cannot be imported: {error}") from error
        return cls(path, sha256(path), path.stat().st_size, version, graph, mended)


def _read(path: Path) -> tuple[str, bytes | str, frozenset[int]]:
    """Return the version of Keras, the configuration, and the lengths of all axes of the arrays."""
    with path.open("rb") as file:
        start = file.read(4)
    if start == b"\x89HDF":
        return _read_hdf5(path)
    if start == b"PK\x03\x04":
        metadata, text, sides = read_archive(path)
        return _version(metadata), text, sides
    kind = next((words for mark, words in _OTHERS.items() if start.startswith(mark)), "neither HDF5 nor a .keras file")
    raise ValueError(f"it is {kind}; {_SAVE}")


def _version(metadata: bytes) -> str:
    try:
        found = json.loads(metadata)
    except ValueError:
        return "unknown"
    return str(found.get("keras_version", "unknown"))[:40] if isinstance(found, dict) else "unknown"


def _read_hdf5(path: Path) -> tuple[str, str | bytes, frozenset[int]]:
    count_stored(path)
    try:
        with h5py.File(path, "r") as file:
            if "model_config" not in file.attrs:
                raise ValueError(f"it contains weights alone, or no network of Keras; {_SAVE}")
            text, version = file.attrs["model_config"], file.attrs.get("keras_version", "unknown")
    except (OSError, RuntimeError, KeyError) as error:
        raise ValueError(f"it is damaged ({' '.join(str(error).split())[:160]})") from error
    if not isinstance(text, str | bytes) or len(text) > MOST_BYTES:
        raise ValueError(f"its configuration is no text of at most {MOST_BYTES:,} bytes")
    shown = version.decode("utf-8", "replace") if isinstance(version, bytes) else str(version)
    return shown[:40], text, stored_sides(path)
