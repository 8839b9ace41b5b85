"""Log runs to Weights & Biases (extra `wandb`): to files beside the runs, for `wandb sync`, unless WANDB_MODE is set.

Error reports to its vendor are switched off, and so is the collection of facts about the machine, the command line and
the source code.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Any, Self

from chestnut.errors import TrackingError
from chestnut.runs.folder import RunFolder
from chestnut.training.tracking.content import (
    files,
    final,
    labels,
    parameters,
    read_tracker_id,
    record_tracker_id,
    series,
)

_MODES = ("offline", "online", "disabled", "shared")


class WeightsAndBiases:
    """A tracker that logs runs to W&B, in the project of `WANDB_PROJECT`, or else `chestnut`."""

    given = "wandb"

    def __init__(self) -> None:
        self._run: Any = None

    @classmethod
    def open(cls) -> Self:
        """Switch W&B to offline, unless `WANDB_MODE` says otherwise.

        Raises:
            TrackingError: `WANDB_MODE` is unknown.
        """
        os.environ["WANDB_ERROR_REPORTING"] = "false"
        mode = os.environ.setdefault("WANDB_MODE", "offline")
        if mode not in _MODES:
            raise TrackingError(f"track=wandb: WANDB_MODE is {mode!r}; set it to one of {', '.join(_MODES)}")
        return cls()

    def begin(self, run: RunFolder) -> int:
        """Start a run in W&B with the recipe's fields, or continue under the id of the one that was started before."""
        os.environ.setdefault("WANDB_DATA_DIR", str(run.path.parent / "wandb"))  # the default is in the home folder
        import wandb

        known = read_tracker_id(run, "wandb", self.given)
        self._run = wandb.init(
            project=os.environ.get("WANDB_PROJECT") or "chestnut",
            name=run.name,
            id=known,
            resume="allow" if known and os.environ.get("WANDB_MODE") == "online" else None,
            group=labels(run)["folder"],
            config=parameters(run.recipe),
            dir=str(run.path.parent),
            settings=wandb.Settings(
                silent=True,
                console="off",
                disable_git=True,
                disable_code=True,
                x_disable_meta=True,
                x_disable_machine_info=True,
                init_timeout=30,
            ),
        )
        if known is not None:
            return len(run.history)
        record_tracker_id(run, "wandb", self.given, self._run.id)
        return 0

    def log(self, rows: Sequence[dict[str, Any]]) -> None:
        """Log the metrics of epochs."""
        for row in rows:
            self._run.log(series(row), step=int(row["epoch"]))

    def end(self, run: RunFolder) -> None:
        """Log the final metrics, pictures, files and status."""
        well = False
        if run.path.exists():
            self._log_files(run)
            well = run.record.usable
        self._run.finish(exit_code=0 if well else 1)

    def _log_files(self, run: RunFolder) -> None:
        import wandb

        self._run.summary.update({**labels(run), **final(run)})
        paths = files(run)
        self._run.log({path.stem: wandb.Image(str(path)) for path, _ in paths if path.suffix == ".png"})
        artifact = wandb.Artifact(re.sub(r"[^\w.-]", "-", run.name), type="model")
        for path, folder in paths:
            artifact.add_file(str(path), name=f"{folder}/{path.name}" if folder else path.name)
        self._run.log_artifact(artifact)
