"""`Kept`: an export that is kept in a run, without a look at the network."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from chestnut.errors import DataError
from chestnut.files.json_files import read_json

#: The file beside an exported network that says what is known of it.
FACTS: Final = "export.json"


@dataclass(frozen=True)
class Kept:
    """An export that is kept in a run.

    Attributes:
        format: The format.
        current: Whether it was made of the bundle as it is now.
        bytes: The size of its files.
        difference: The largest difference of a probability to the network, in 0..1.
    """

    format: str
    current: bool
    bytes: int
    difference: float

    def __str__(self) -> str:
        """Return the export in words."""
        made = "" if self.current else ", of an earlier state of the run: export it again"
        return f"{self.format} ({self.bytes / 1e6:.1f} MB, largest difference {self.difference:.1g}{made})"

    def to_dict(self) -> dict[str, Any]:
        """Return the export for JSON."""
        return asdict(self)


def find_exports(folder: Path, identity: str) -> tuple[Kept, ...]:
    """Return the exports that are kept in the folder of a run; those whose `export.json` is damaged are left out.

    Args:
        folder: The folder with a folder for each format.
        identity: The identity of the run's bundle.
    """
    found = []
    for path in sorted(folder.glob(f"*/{FACTS}")):
        try:
            facts = read_json(path, remedy="export again")
            found.append(
                Kept(
                    str(facts["format"]),
                    facts["bundle"] == identity,
                    int(facts["bytes"]),
                    float(facts["parity"]["difference"]),
                )
            )
        except (DataError, KeyError, TypeError, ValueError):
            continue
    return tuple(found)
