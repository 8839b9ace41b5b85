"""Find the control experiments on the data of a run, for its report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from chestnut.report.render import Picture, list_figures, picture
from chestnut.runs.folder import RunFolder

if TYPE_CHECKING:
    from chestnut.studies.comparison.control import Control


@dataclass(frozen=True)
class ControlSection:
    """A control experiment on the data of a run.

    Attributes:
        name: The name of its folder.
        own: Whether the run is one of its three networks.
        result: Its result.
        drawing: The AUROC of the three networks; None where it is missing.
    """

    name: str
    own: bool
    result: Control
    drawing: Picture | None

    @property
    def spoken(self) -> str:
        """What the figure shows, in words."""
        return list_figures((arm.sees, arm.auroc) for arm in self.result.arms)


def read_control_sections(run: RunFolder) -> list[ControlSection]:
    """Read the finished control experiments on the data of a run: that to which it belongs, and those beside it.

    Raises:
        DataError: The result of one is damaged.
    """
    paths = [path for path in _folders(run.path.resolve()) if (path / "control.json").is_file()]
    if not paths:
        return []
    # Loads what draws figures, which few reports need
    from chestnut.studies.comparison.control_folder import ControlFolder

    found = []
    for path in paths:
        folder = ControlFolder(path)
        if folder.facts.get("root") != run.facts.get("root"):
            continue
        own = path == run.path.resolve().parent
        found.append(ControlSection(path.name, own, folder.control, picture(folder.arms_figure)))
    return found


def _folders(run: Path) -> Iterator[Path]:
    yield run.parent
    yield from sorted(path for path in run.parent.iterdir() if path != run and path.is_dir())
