"""`ModelFolder`: a run, or a bundle that was copied without its run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

from chestnut.data.manifest import Manifest
from chestnut.inference.bundle import Bundle
from chestnut.inference.run_bundle import read_run_bundle
from chestnut.runs.folder import RunFolder


@dataclass(frozen=True)
class ModelFolder:
    """A bundle, ready to be used, with the run that it belongs to.

    Attributes:
        bundle: The bundle, checked.
        run: Its run; None for a bundle that was copied alone.
    """

    bundle: Bundle
    run: RunFolder | None

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open a run or a bundle. The bundle inside a run is opened with its run, which says whether it was changed.

        Args:
            folder: The folder of a run, or one with a bundle.json.

        Raises:
            BundleError: The bundle is missing or was changed, or a newer chestnut made it.
            RunError: There is neither a run nor a bundle, or the run is damaged.
        """
        if (folder / "bundle.json").is_file():
            above = RunFolder(folder.resolve().parent)
            if not (above.environment_file.is_file() and above.bundle == folder.resolve()):
                return cls(Bundle.read(folder), None)
            folder = above.path
        run = RunFolder.open(folder)
        return cls(read_run_bundle(run), run)

    @cached_property
    def manifest(self) -> Manifest | None:
        """Every image of the run; None for a bundle alone.

        Raises:
            RunError: The file is missing or was changed.
            DataError: The file is damaged.
        """
        return None if self.run is None else self.run.manifest
