"""The folder of a control experiment: that of a comparison, with its own result and two more figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from chestnut.data.cache.cache import decode_all
from chestnut.data.manifest import Manifest
from chestnut.data.pixels import Grey
from chestnut.data.samples import pick_samples
from chestnut.figures.comparison import forest_figure
from chestnut.figures.sample_grid import sample_grid_figure
from chestnut.figures.saving import save, save_both
from chestnut.files.json_files import read_json, write_json
from chestnut.studies.comparison.arms import VIEWS
from chestnut.studies.comparison.control import Control
from chestnut.studies.comparison.plan import ComparisonFolder, ComparisonPlan

#: The number of images whose three views are drawn; with more classes than that, one of each up to a row of the page.
_DRAWN, _MOST_DRAWN = 4, 6


class ControlFolder(ComparisonFolder):
    """The folder of a control experiment."""

    noun = "control experiment"
    command = "control"

    @property
    def control_file(self) -> Path:
        """The result of the experiment."""
        return self.path / "control.json"

    @property
    def inputs_figure(self) -> Path:
        """The picture of what each network sees."""
        return self.figures / "inputs.png"

    @property
    def arms_figure(self) -> Path:
        """The picture of the AUROC of each network."""
        return self.figures / "control.png"

    @property
    def control(self) -> Control:
        """The result of the experiment.

        Raises:
            DataError: The file is missing or damaged.
        """
        remedy = f"make it again by chestnut {self.command} --resume {self.path}"
        values: dict[str, Any] = read_json(self.control_file, Control, remedy)
        return Control.from_dict(values)

    def write_control(self, control: Control) -> None:
        """Write the result of the experiment and its picture."""
        estimates = {arm.sees: (arm.auroc, None) for arm in control.arms if arm.auroc is not None}
        save_both(forest_figure(estimates, subtitle="by what the network sees"), self.arms_figure)
        write_json(self.control_file, control.to_dict())

    def write_more(self, plan: ComparisonPlan, manifest: Manifest) -> None:
        """Draw a few training images as each network sees them."""
        each = max(1, _DRAWN // len(manifest.classes))
        chosen = manifest.take(pick_samples(manifest, each, plan.terms.seed, "train")[:_MOST_DRAWN])
        images: list[Grey] = []
        titles: list[str] = []
        for arm in plan.variants:
            images += list(np.asarray(decode_all(chosen, arm.recipe.input).pixels))
            titles += [f"{label}\n{VIEWS[arm.name].sees}" for label in chosen.frame["label"]]
        save(sample_grid_figure(images, titles, ncols=len(chosen)), self.inputs_figure)
