"""The `[model]` table of an ensemble, which combines trained runs and is not trained itself."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from chestnut.config.part import Part


class EnsembleConfig(Part):
    """The mean of the calibrated probabilities of several runs; only `chestnut ensemble` writes it."""

    head: ClassVar[Literal["softmax"]] = "softmax"

    network: Literal["ensemble"] = "ensemble"
    members: Annotated[tuple[str, ...], Field(min_length=2, description="the run folders")]
