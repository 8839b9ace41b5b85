"""The options of `chestnut explain --check`, and what it does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from chestnut.cli.shared.display import TerminalDisplay
from chestnut.cli.shared.option_groups import with_group
from chestnut.cli.shared.output import emit
from chestnut.errors import DataError

MethodsOption = Annotated[
    str | None,
    typer.Option("--methods", metavar="NAMES", help="With --check: methods, as gradcam,occlusion. [default: all]"),
]
ImagesOption = Annotated[
    int | None, typer.Option("--images", min=2, help="With --check: the most images. [default: 60]")
]
OtherOption = Annotated[
    Path | None, typer.Option("--other", metavar="RUN", help="With --check: a run trained with another seed.")
]
LesionsOption = Annotated[bool, typer.Option("--lesions", help="With --check: refuse images without masks of lesions.")]
RetrainOption = Annotated[
    bool,
    typer.Option("--retrain", help="With --check: train again on shuffled labels; maps must change."),
]


@dataclass(frozen=True)
class CheckOptions:
    """What to check maps on and by; see the options above."""

    methods: str | None = None
    images: int | None = None
    other: Path | None = None
    lesions: bool = False
    retrain: bool = False


#: Give a command the options of a check of maps; it takes them as one `options: CheckOptions`.
with_check_options = with_group(
    "options",
    CheckOptions,
    {
        "methods": MethodsOption,
        "images": ImagesOption,
        "other": OtherOption,
        "lesions": LesionsOption,
        "retrain": RetrainOption,
    },
)


def check_maps(run: Path, data: list[str], options: CheckOptions, json: Path | None) -> None:
    """Measure whether the maps of a run are worth anything, and print it.

    Args:
        run: The folder of the run.
        data: At most one data set; without one, the validation images.
        options: What to check maps on and by.
        json: Where to write the result as JSON instead.

    Raises:
        DataError: There are several data sets.
    """
    from chestnut.api.run import open_run
    from chestnut.cli.tables.map_check_table import print_check

    if len(data) > 1:
        raise DataError(f"--check takes one data set, not {len(data)}; give a folder of class folders, or a CSV")
    names: Any = tuple(options.methods.split(",")) if options.methods else ()  # checked there
    found = open_run(run).check_maps(
        data[0] if data else None,
        methods=names,
        images=60 if options.images is None else options.images,
        other=options.other,
        lesions=options.lesions,
        retrain=options.retrain,
        display=TerminalDisplay(),
    )
    if emit({"run": str(run), **found.to_dict()}, json):
        print_check(found, run, run / "explain" / "check")
