"""Weights & Biases: runs kept in files beside them, to be sent by `wandb sync`, unless WANDB_MODE says otherwise.

Extra `wandb`. Error reports to its maker, and what it gathers of the machine, the command line and the source, are
switched off.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Any, Self

from chestnut.errors import TrackingError
from chestnut.runs.folder import RunFolder
from chestnut.training.tracking.content import files, final, keep, kept, labels, parameters, series

_MODES = ("offline", "online", "disabled", "shared")


class WeightsAndBiases:
    """A tracker that keeps runs in W&B's project of `WANDB_PROJECT`, else `chestnut`."""

    given = "wandb"

    def __init__(self) -> None:
        self._run: Any = None

    @classmethod
    def open(cls) -> Self:
        """Keep W&B from speaking to anyone, where `WANDB_MODE` does not ask it to.

        Raises:
            TrackingError: An unknown `WANDB_MODE`.
        """
        os.environ["WANDB_ERROR_REPORTING"] = "false"
        mode = os.environ.setdefault("WANDB_MODE", "offline")
        if mode not in _MODES:
            raise TrackingError(f"track=wandb: WANDB_MODE is {mode!r}; set it to one of {', '.join(_MODES)}")
        return cls()

    def begin(self, run: RunFolder) -> int:
        """Start a run in W&B with the recipe's fields, or go on under the id of the one that was started."""
        os.environ.setdefault("WANDB_DATA_DIR", str(run.path.parent / "wandb"))  # else copies go to the home folder
        import wandb

        known = kept(run, "wandb", self.given)
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
        keep(run, "wandb", self.given, self._run.id)
        return 0

    def log(self, rows: Sequence[dict[str, Any]]) -> None:
        """Log the epochs' figures."""
        for row in rows:
            self._run.log(series(row), step=int(row["epoch"]))

    def end(self, run: RunFolder) -> None:
        """Log final figures, pictures and files, and how the run has ended."""
        well = False
        if run.path.exists():
            self._files(run)
            well = run.record.usable
        self._run.finish(exit_code=0 if well else 1)

    def _files(self, run: RunFolder) -> None:
        import wandb

        self._run.summary.update({**labels(run), **final(run)})
        held = files(run)
        self._run.log({path.stem: wandb.Image(str(path)) for path, _ in held if path.suffix == ".png"})
        made = wandb.Artifact(re.sub(r"[^\w.-]", "-", run.name), type="model")
        for path, folder in held:
            made.add_file(str(path), name=f"{folder}/{path.name}" if folder else path.name)
        self._run.log_artifact(made)
