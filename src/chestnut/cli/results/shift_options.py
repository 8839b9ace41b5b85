"""The options of `chestnut stress` that say how a run is judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chestnut.cli.shared.data_options import DataOptions
from chestnut.cli.shared.option_groups import with_group
from chestnut.cli.shared.set_options import CoverageOption, PerClassOption
from chestnut.errors import DataError
from chestnut.limits import MOST_SEED

if TYPE_CHECKING:
    from chestnut.api.run import StressCallOptions

ShiftOption = Annotated[
    list[str] | None,
    typer.Option("--shift", metavar="NAME", help="Use only this shift; may be repeated. Default: all shifts."),
]
ExternalOption = Annotated[
    Path | None, typer.Option("--external", metavar="DATA", help="Judge another data set too, without shifts.")
]
MapOption = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="THEIRS=OURS", help="Rename classes of DATA to the run's, as A=B,C=D."),
]
OperatingPointOption = Annotated[
    str | None,
    typer.Option(
        "--operating-point",
        metavar="RULE",
        help="Choose thresholds by this rule of chestnut threshold, such as sensitivity=0.95.",
    ),
]
SourcesOption = Annotated[
    bool,
    typer.Option("--leave-one-source-out", help="Train again without each source, and judge on that source."),
]
EpochsOption = Annotated[
    int | None, typer.Option("--epochs", min=1, help="The most epochs of those trainings. Default: the recipe's.")
]
KeepOption = Annotated[bool, typer.Option("--keep", help="Write the threshold chosen on the shifts into the run.")]
NoExchangeOption = Annotated[
    bool, typer.Option("--no-exchange", help="Leave out the exchange test, which --shift leaves out too.")
]
SeedOption = Annotated[
    int,
    typer.Option(
        "--seed", min=0, max=MOST_SEED, help="The seed of the shifts, the halves of the patients and the intervals."
    ),
]


@dataclass(frozen=True)
class ShiftOptions:
    """Under what a run is judged, and how; see the options above."""

    shift: Sequence[str] | None = None
    external: Path | None = None
    mapping: Sequence[str] | None = None
    operating_point: str | None = None
    coverage: float | None = None
    per_class: bool = False
    sources: bool = False
    epochs: int | None = None
    keep: bool = False
    no_exchange: bool = False
    seed: int = 0

    def check(self, data: DataOptions) -> None:
        """Refuse options that mean nothing without others.

        Args:
            data: How to read the other data set.

        Raises:
            DataError: Such an option was given alone.
        """
        if self.external is None and (self.mapping or data != DataOptions()):
            raise DataError("--map and the options of data describe another data set; give it by --external DATA")
        if self.keep and self.operating_point is None:
            raise DataError(
                "--keep keeps the threshold of an operating point; give one, as in --operating-point balanced"
            )
        if self.epochs is not None and not self.sources:
            raise DataError("--epochs limits the trainings of --leave-one-source-out; give both, or neither")

    def keywords(self, data: DataOptions) -> StressCallOptions:
        """Return the keywords with which the Python API judges a run.

        Args:
            data: How to read the other data set.

        Raises:
            DataError: A class is mapped in another form than THEIRS=OURS.
        """
        from chestnut.robustness.external import parse_mapping

        return {
            "external": None if self.external is None else data.reader(self.external),
            "mapping": parse_mapping(self.mapping or ()),
            "operating_point": self.operating_point,
            "keep": self.keep,
            "seed": self.seed,
            "coverage": self.coverage,
            "per_class": self.per_class,
            "skip_bad": data.skip_bad,
        }


#: Give a command these options; it takes them as one `how: ShiftOptions`.
with_shift_options = with_group(
    "how",
    ShiftOptions,
    {
        "shift": ShiftOption,
        "external": ExternalOption,
        "mapping": MapOption,
        "operating_point": OperatingPointOption,
        "coverage": CoverageOption,
        "per_class": PerClassOption,
        "sources": SourcesOption,
        "epochs": EpochsOption,
        "keep": KeepOption,
        "no_exchange": NoExchangeOption,
        "seed": SeedOption,
    },
)
