"""`Ledger`: every look at a test split that a run has had."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from chestnut.files.atomic import write_text
from chestnut.files.json_files import json_text, parse_json
from chestnut.runs.checked_files import CheckedFiles


@dataclass(frozen=True)
class Look:
    """One look at a test split.

    Attributes:
        when: The time, in ISO 8601.
        command: The command that looked.
        weights: The SHA-256 of the network it looked with.
        images: The number of images it saw.
        data: The data set that the images belong to; empty in the ledgers of early versions, for the run's own.
    """

    when: str
    command: str
    weights: str
    images: int
    data: str = ""


class _Row(BaseModel):
    """A look as JSON has it; other versions may write more."""

    model_config = ConfigDict(strict=True)

    when: str
    command: str
    weights: str
    images: int
    data: str = ""


@dataclass(frozen=True)
class Ledger:
    """The ledger of a run.

    Attributes:
        files: The files of the run.
    """

    files: CheckedFiles

    @property
    def path(self) -> Path:
        """The file `ledger.json`."""
        return self.files.folder / "ledger.json"

    @property
    def looks(self) -> list[Look]:
        """The looks, oldest first; none before the first.

        Raises:
            RunError: The file is missing or was changed.
            DataError: The file is damaged.
        """
        names = [part.name for part in fields(Look)]
        return [Look(**{name: value for name, value in row.items() if name in names}) for row in self._rows()]

    def enter(self, look: Look) -> int:
        """Add a look, while no other process does.

        Returns:
            The number of looks, this one included.

        Raises:
            RunError: The file is missing or was changed.
            DataError: The file is damaged.
        """
        with self.files.replacing(self.path) as announce:
            rows = [*self._rows(), asdict(look)]
            announce(text := json_text(rows))
            write_text(self.path, text)
        return len(rows)

    def _rows(self) -> list[dict[str, Any]]:
        content = self.files.read_if_written(self.path)
        if content is None:
            return []
        rows: list[dict[str, Any]] = parse_json(content, self.path, list[_Row], self.files.remedy(self.path))
        return rows
