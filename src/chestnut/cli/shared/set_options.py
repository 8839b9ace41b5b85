"""The options that ask for prediction sets."""

from __future__ import annotations

from typing import Annotated

import typer

CoverageOption = Annotated[
    float | None,
    typer.Option(
        "--coverage",
        metavar="0..1",
        help="Prediction sets: the classes that an image may have, with the true one among them for this share of new "
        "patients.",
    ),
]
PerClassOption = Annotated[
    bool, typer.Option("--per-class", help="Keep the coverage for the patients of each class, and not only for all.")
]
