"""The `[model]` table of an ensemble, which is made of trained runs and not trained itself."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from chestnut.config.part import Part


class EnsembleConfig(Part):
    """The mean of the calibrated probabilities of several runs; written by `chestnut ensemble` alone."""

    head: ClassVar[Literal["softmax"]] = "softmax"

    network: Literal["ensemble"] = "ensemble"
    members: Annotated[tuple[str, ...], Field(min_length=2, description="folders of the runs")]
