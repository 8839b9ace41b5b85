"""Read what commands leave on disk: whether each file is whole, and what it says apart from clocks."""

import csv
import hashlib
import io
import json
import re
import tomllib
import zipfile
from pathlib import Path

import h5py
import numpy as np

from chestnut.files import temporary

#: Files that may be written by their own names, and are compared with nothing.
OWN_WAYS = {
    r"(.*/)?(lock|\.lock|\.jobs\.lock|\.[\w-]+\.lock)": "a lock has no content",
    r"(.*/)?events\.out\.tfevents\.[^/]*": "TensorBoard reads event files while they grow, and skips a torn record",
    r"(.*/)?[^/]+\.log": "the standard error of a job that failed, which people alone read",
    r"cache/digests\.sqlite(-journal)?": "SQLite undoes what was torn; a lost digest is computed again",
    r"(.*/)?study\.db(-journal)?": "SQLite undoes what was torn; tune.json says what is in it",
    r"cache/precision\.json": "which arithmetic is faster is measured",
}

#: JSON keys and CSV columns that clocks decide, or the words of the command, or the hash of a file with the time in it.
_CLOCKS = re.compile(
    r"started|ended|created|resumed|when|commit|command|weights|hashes|(.*_)?seconds|.*_a_second|written|"
    r".*_per_second|times_as_fast_as_keras"
)

#: An evaluation that was stopped may have been seen, so it counts as a look; going on is another.
_LOOKS = re.compile(r"look \d+|\d+ (times|looks)|looked at \w+")


def is_own_way(path):
    return any(re.fullmatch(pattern, path) for pattern in OWN_WAYS)


def is_temporary(path):
    """Return whether a path leads into what is still being written or removed."""
    return any(temporary.is_temporary(part) for part in Path(path).parts)


def temporaries(root):
    """Return the topmost temporary names below a folder, and those that a folder has while it is replaced."""
    names = sorted(str(item.relative_to(root)) for item in root.rglob(".*") if not item.name.endswith("lock"))
    return [name for name in names if not is_temporary(str(Path(name).parent))]


def files(root):
    """Return the files below a folder by their relative paths, without temporary ones."""
    found = {str(item.relative_to(root)): item for item in sorted(root.rglob("*")) if item.is_file()}
    return {name: item for name, item in found.items() if not is_temporary(name)}


def folders(root):
    """Return the relative paths of the folders below a folder, without temporary ones."""
    found = sorted(str(item.relative_to(root)) for item in root.rglob("*") if item.is_dir())
    return [name for name in found if not is_temporary(name)]


def read_tree(root):
    """Return what the files below a folder say, apart from clocks, by their relative paths."""
    return {name: _meaning(item) for name, item in files(root).items() if not is_own_way(name)}


def broken(root):
    """Return a line for each file that is not whole."""
    faults = []
    for name, item in files(root).items():
        if not is_own_way(name) and (fault := _fault(item)):
            faults.append(f"{name}: {fault}")
    return faults


def differences(found, expected):
    """Return a line for each file that is missing, too much or different."""
    lines = [f"{name} is missing" for name in expected if name not in found]
    lines += [f"{name} should not be there" for name in found if name not in expected]
    pairs = {name: (found[name], expected[name]) for name in expected if name in found}
    return lines + [f"{name} differs{_where(*pair)}" for name, pair in pairs.items() if pair[0] != pair[1]]


def _where(one, other):
    """Return the keys in which two objects differ."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return ""
    return " in " + ", ".join(key for key in (one | other) if one.get(key, ...) != other.get(key, ...))


def digest(tree):
    """Return a short name for what a tree says."""
    return hashlib.sha256(json.dumps(tree, sort_keys=True, default=str).encode()).hexdigest()


def _meaning(path):
    """Return what a file says as JSON values."""
    content = path.read_bytes()
    try:
        if path.suffix == ".json":
            return _without_clocks(json.loads(_LOOKS.sub("a look", content.decode())))
        if path.suffix == ".keras":
            return _network(content)
        if path.suffix == ".csv":
            return _table(content.decode())
    except (ValueError, KeyError, OSError, zipfile.BadZipFile):
        return f"damaged {hashlib.sha256(content).hexdigest()}"
    if path.suffix == ".html":
        return re.sub(r"data:image/[^\"']+|<code>.*?</code>| --force|[\d.,:]+", "", content.decode(), flags=re.S)
    return hashlib.sha256(content).hexdigest()


def _without_clocks(value):
    if isinstance(value, dict):
        value = {key: item for key, item in value.items() if key != "sha256" or isinstance(item, str)}
        kept = {key: item for key, item in value.items() if item is not None and not _CLOCKS.fullmatch(key)}
        return {key: _without_clocks(item) for key, item in kept.items()}
    if isinstance(value, list):
        kept = [_without_clocks(item) for item in value]
        return [item for number, item in enumerate(kept) if item not in kept[:number] or not isinstance(item, dict)]
    return value


def _table(text):
    rows = list(csv.reader(io.StringIO(text)))
    kept = [number for number, name in enumerate(rows[0] if rows else []) if not _CLOCKS.fullmatch(name)]
    return [[row[number] for number in kept if number < len(row)] for row in rows]


def _network(content):
    """Return the hash of each array of a saved network."""
    found = {}

    def visit(name, item):
        if isinstance(item, h5py.Dataset):
            found[name] = hashlib.sha256(np.asarray(item).tobytes()).hexdigest()

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        json.loads(archive.read("config.json"))
        with h5py.File(io.BytesIO(archive.read("model.weights.h5")), "r") as store:
            store.visititems(visit)
    return found


#: How whole files end.
_ENDS = {".png": b"IEND\xaeB`\x82", ".jpeg": b"\xff\xd9", ".html": b"</html>"}
_LINES = (".csv", ".json", ".toml")


def _fault(path):
    """Return why a file is not whole; empty for one that is."""
    content = path.read_bytes()
    end = b"\n" if path.suffix in _LINES else _ENDS.get(path.suffix, b"")
    if not (content if end == b"\n" else content.rstrip(b"\n")).endswith(end):
        return f"it breaks off after {len(content)} bytes"
    try:
        _parse(path.suffix, content)
    except (ValueError, EOFError, KeyError, OSError, zipfile.BadZipFile) as error:
        return f"it cannot be read ({error})"
    return ""


def _parse(suffix, content):
    if not content:
        raise EOFError("it is empty")
    if suffix == ".json":
        json.loads(content)
    elif suffix == ".toml":
        tomllib.loads(content.decode())
    elif suffix == ".csv":
        if len({len(row) for row in csv.reader(io.StringIO(content.decode()))}) != 1:
            raise ValueError("its lines differ in length")
    elif suffix == ".keras":
        _network(content)
    elif suffix == ".npy":
        np.load(io.BytesIO(content), allow_pickle=False)
    elif suffix == ".arrays":
        stream = io.BytesIO(content)
        for _ in range(int(np.load(stream, allow_pickle=False))):
            np.load(stream, allow_pickle=False)
