"""`Ledger`: every look at a test split that a run has had."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from chestnut.errors import DataError
from chestnut.files.json_files import read_json, write_json
from chestnut.files.locks import locked


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


@dataclass(frozen=True)
class Ledger:
    """The ledger of a run.

    Attributes:
        path: The file `ledger.json`.
    """

    path: Path

    @property
    def looks(self) -> list[Look]:
        """The looks, oldest first; none before the first.

        Raises:
            DataError: The file is damaged.
        """
        names = Look.__dataclass_fields__
        try:
            return [Look(**{name: value for name, value in row.items() if name in names}) for row in self._rows()]
        except (AttributeError, TypeError) as error:
            raise DataError(f"{self.path} is damaged ({error}); restore it from a copy") from error

    def enter(self, look: Look) -> int:
        """Add a look, while no other process does.

        Returns:
            The number of looks, this one included.
        """
        with locked(self.path.with_name(".lock")):
            rows = [*self._rows(), asdict(look)]
            write_json(self.path, rows)
        return len(rows)

    def _rows(self) -> list[Any]:
        if not self.path.is_file():
            return []
        rows = read_json(self.path)
        if not isinstance(rows, list):
            raise DataError(f"{self.path} does not contain a list; restore it from a copy")
        return rows
