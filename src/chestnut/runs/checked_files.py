"""`CheckedFiles`: read and write the files of a run that figures rest on, by hashes that the run's record keeps.

A file that was changed by anything but chestnut is refused before a figure is taken from it. That guards against
accidents and honest edits, not against someone who changes the hashes in environment.json as well.

The hash of new content is recorded before the content takes its place, and the hash of the old one is dropped after it
has, so a kill at any moment leaves a file that the record knows. Files that it does not list, which an earlier version
wrote, are not checked.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chestnut.errors import DataError, RunError
from chestnut.files.atomic import write_text
from chestnut.files.hashes import sha256
from chestnut.files.json_files import json_text, read_json, write_json
from chestnut.files.locks import locked
from chestnut.files.reading import is_present, read_content
from chestnut.runs.record import RunRecord

#: The splits in the order in which evaluations are listed.
SPLITS = ("test", "val", "train")

_STRESS_FOLDERS = ("stress", "stress-partial")
_TRAIN = "restore it from a copy or train again"
#: What stands among the hashes of a file that did not exist before its first content was announced.
_ABSENT = ""

#: How often a file and the record are read if they differ, and the seconds between: another process may just have
#: replaced both.
_TRIES, _PAUSE = 5, 0.01


@dataclass(frozen=True)
class CheckedFiles:
    """The files of a run.

    Attributes:
        folder: The run's folder.
    """

    folder: Path

    @property
    def environment_file(self) -> Path:
        """The file that contains the record."""
        return self.folder / "environment.json"

    @property
    def record(self) -> RunRecord:
        """The content of environment.json.

        Raises:
            RunError: The file is missing or damaged.
        """
        return RunRecord.from_dict(self._values(), self.environment_file)

    def update(self, **changes: Any) -> RunRecord:
        """Change fields of environment.json, while no other process does.

        Args:
            changes: New values of fields of `RunRecord`.

        Returns:
            The record with the changes.

        Raises:
            RunError: The file is missing or damaged, or a value has the wrong type.
        """
        with locked(self.folder / ".lock"):
            return self._change(changes)

    def read(self, path: Path) -> bytes:
        """Return the content of a file of the run, as chestnut wrote it.

        Raises:
            RunError: The file was changed, or is missing, a folder or not readable.
        """
        name, remedy = self._name(path), self.remedy(path)
        for _ in range(_TRIES):
            try:
                content = read_content(path, remedy)
            except DataError as error:
                raise RunError(str(error)) from error
            known = self.record.hashes.get(name)
            if known is None or hashlib.sha256(content).hexdigest() in known:
                return content
            time.sleep(_PAUSE)
        raise RunError(
            f"{path} was changed after chestnut wrote it (its hash differs from the record's); {self.remedy(path)}"
        )

    def read_if_written(self, path: Path) -> bytes | None:
        """Return the content of a file of the run as `read` does; None if chestnut has not written it."""
        if not is_present(path) and _ABSENT in self.record.hashes.get(self._name(path), [_ABSENT]):
            return None
        return self.read(path)

    def check(self) -> None:
        """Check every file that the record lists; an evaluation that was removed is no fault.

        Raises:
            RunError: A file was changed, or is missing, a folder or not readable.
        """
        for name, known in self.record.hashes.items():
            path = self.folder / name
            if is_present(path) or not (_ABSENT in known or name.startswith(("evaluation/", "exchange/", "bundle/"))):
                self.read(path)

    def write(self, path: Path, text: str) -> None:
        """Write a file of the run, completely or not at all, and its hash into the record.

        Raises:
            RunError: The record is missing or damaged.
            DiskError: The disk is full or not writable.
        """
        with self.replacing(path) as announce:
            announce(text)
            write_text(path, text)

    @contextmanager
    def replacing(self, path: Path) -> Iterator[Callable[[str], None]]:
        """Let the block replace a file in its own way, while no other process changes the run.

        Yields:
            A function to call with the new content, before that takes the place of the old one.

        Raises:
            RunError: The record is missing or damaged.
            DiskError: The disk is full or not writable.
        """
        told: list[str] = []

        def announce(text: str) -> None:
            digest = hashlib.sha256(text.encode()).hexdigest()
            self._list(path, [*self._listed(path), digest])
            told[:] = [digest]

        with locked(self.folder / ".lock"):
            yield announce
            if told:
                self._list(path, told)

    def _listed(self, path: Path) -> list[str]:
        """Return the hashes of what a file may contain now."""
        known = self.record.hashes.get(self._name(path))
        if known is None:
            return [sha256(path)] if path.is_file() else [_ABSENT]
        return known

    def _list(self, path: Path, hashes: list[str]) -> None:
        known = self.record.hashes
        self._change({"hashes": {**known, self._name(path): list(dict.fromkeys(hashes))}})

    def _change(self, changes: dict[str, Any]) -> RunRecord:
        values = self._values() | json.loads(json_text(changes))
        record = RunRecord.from_dict(values, self.environment_file)
        write_json(self.environment_file, values)
        return record

    def _values(self) -> dict[str, Any]:
        try:
            values = read_json(self.environment_file, dict[str, Any], _TRAIN)
        except DataError as error:
            raise RunError(str(error)) from error
        return values  # type: ignore[no-any-return]

    def _name(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

    def remedy(self, path: Path) -> str:
        """Return what to do about a damaged file of the run: the end of a message."""
        parts = path.relative_to(self.folder).parts
        if parts[0] == "exchange":
            return f"restore it from a copy, or make it again by chestnut exchange {self.folder}"
        if parts[0] != "evaluation" or len(parts) < 3:
            return _TRAIN
        if parts[1] in _STRESS_FOLDERS:
            option = " --leave-one-source-out" if parts[2] == "sources.json" else ""
            return f"restore it from a copy, or make it again by chestnut stress {self.folder}{option}"
        images = f"--split {parts[1]}" if parts[1] in SPLITS else "DATA"
        return f"restore it from a copy, or make it again by chestnut evaluate {self.folder} {images}"
