"""Write the network of a trained run in other formats."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from chestnut.api.options import DisplayOptions, DisplaySettings, read_options
from chestnut.runs.folder import RunFolder

if TYPE_CHECKING:
    from chestnut.export.exported import Exported


class Exporting:
    """What a run can do to be used by other programs.

    Attributes:
        folder: The files of the run.
    """

    folder: RunFolder

    def export(
        self,
        formats: str | Sequence[str] = "onnx",
        to: str | Path | None = None,
        *,
        loss: float = 0.005,
        changed: float = 0.01,
        **options: Unpack[DisplayOptions],
    ) -> tuple[Exported, ...]:
        """Write the network of the run in other formats, each of which is seen to give the same answers.

        Each format gets a folder of its own with the network, `export.json`, `bundle.json` and a README.md that says
        how it is used without chestnut. An earlier export of that format is replaced.

        Args:
            formats: One or more of onnx, onnx-int8, openvino, litert, savedmodel, keras and h5.
            to: The folder that contains those of the formats; None for `export/` in the run.
            loss: How far 8 bits may lower the AUROC of the validation images, 0 to 1.
            changed: The share of validation images that 8 bits may decide otherwise, 0 to 1.
            **options: `quiet` and `display`; see `DisplaySettings`.

        Returns:
            What is known of each export: its size, its speed, and the largest difference to the network.

        Raises:
            DataError: A format is unknown, an argument is out of range, or the images that 8 bits need cannot be read.
            MissingExtraError: A format needs a library that is not installed.
            BundleError: A network cannot be written in a format, gives other answers, or loses more than is allowed;
                nothing is written of that format.
            RunError: The folder is inside a run.
        """
        from chestnut.export.format_names import require_formats
        from chestnut.limits import require_between
        from chestnut.models.framework import load_framework
        from chestnut.runs.places import require_outside_runs

        names = (formats,) if isinstance(formats, str) else tuple(formats)
        require_formats(names)
        require_between(0, 1, loss=loss, changed=changed)
        how, place = read_options(DisplaySettings, options), None if to is None else Path(to)
        if place is not None:
            require_outside_runs(place / names[0])
        load_framework()
        from chestnut.export.export_run import export_run
        from chestnut.export.int8_loss import Limits

        return export_run(self.folder, names, place, Limits(loss, changed), bars=how.shown.bar)
