"""The options of `chestnut predict` that say how images are judged, and what runs the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from chestnut.api.options import PredictOptions
from chestnut.cli.shared.display import TerminalDisplay
from chestnut.cli.shared.engine_options import DEFAULT_WAIT, AddressOption, WaitOption, parse_duration
from chestnut.cli.shared.option_groups import with_group
from chestnut.cli.shared.set_options import CoverageOption, PerClassOption

OnOutlierOption = Annotated[
    str,
    typer.Option(
        "--on-outlier",
        metavar="WHAT",
        help="What to do about images unlike the training images, if RUN has a guard: warn, refuse or ignore.",
    ),
]
RunnerOption = Annotated[
    str, typer.Option("--engine", metavar="onnx|openvino|keras|ray", help="What runs the network, and where.")
]
PrecisionOption = Annotated[
    str,
    typer.Option("--precision", metavar="float32|bfloat16", help="The arithmetic of openvino; bfloat16 is less exact."),
]
ThreadsOption = Annotated[
    int | None,
    typer.Option(
        "--jobs", help="How many threads decode and compute, by default one a core; with ray, how many workers."
    ),
]


@dataclass(frozen=True)
class PredictorOptions:
    """How images are judged, and what runs the network; see the options above."""

    coverage: float | None = None
    per_class: bool = False
    on_outlier: str = "warn"
    engine: str = "onnx"
    precision: str = "float32"
    address: str | None = None
    jobs: int | None = None
    wait: str = DEFAULT_WAIT

    def keywords(self) -> PredictOptions:
        """Return the keywords with which the Python API predicts and shows its progress.

        Raises:
            EngineError: `wait` is no duration.
        """
        return {
            "coverage": self.coverage,
            "per_class": self.per_class,
            "on_outlier": self.on_outlier,  # type: ignore[typeddict-item]  # checked there
            "engine": self.engine,
            "precision": self.precision,  # type: ignore[typeddict-item]  # checked there
            "address": self.address,
            "jobs": self.jobs,
            "wait": parse_duration(self.wait),
            "display": TerminalDisplay(),
        }


#: Give a command these options; it takes them as one `options: PredictorOptions`.
with_predictor_options = with_group(
    "options",
    PredictorOptions,
    {
        "coverage": CoverageOption,
        "per_class": PerClassOption,
        "on_outlier": OnOutlierOption,
        "engine": RunnerOption,
        "precision": PrecisionOption,
        "address": AddressOption,
        "jobs": ThreadsOption,
        "wait": WaitOption,
    },
)
