"""The call that writes the network of a run in other formats."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from chestnut.api.options import DisplayOptions
from chestnut.api.run import Run, open_folder

if TYPE_CHECKING:
    from chestnut.export.exported import Exported


class ExportOptions(DisplayOptions, total=False):
    """Keywords of `export_run`; see `Run.export`."""

    loss: float
    changed: float


def export_run(
    run: str | Path | Run,
    formats: str | Sequence[str] = "onnx",
    to: str | Path | None = None,
    **options: Unpack[ExportOptions],
) -> tuple[Exported, ...]:
    """Write the network of a run in other formats, each of which is seen to give the same answers; see `Run.export`."""
    return Run(open_folder(run)).export(formats, to, **options)
