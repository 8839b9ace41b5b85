"""The `[model]` tables of the classical baselines, which are fitted by a grid search instead of trained in steps."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from chestnut.config.part import Part, Side, Units

#: The values that a grid search tries.
Grid = Annotated[tuple[Annotated[float, Field(gt=0, le=1e9)], ...], Field(min_length=1, max_length=100)]


class ClassicalConfig(Part):
    """The fields that classical models share: their grid is searched by cross-validation on the training images."""

    head: ClassVar[Literal["softmax"]] = "softmax"

    folds: int = Field(5, ge=2, le=100, description="folds of the training patients in the grid search")


class PcaSvmConfig(ClassicalConfig):
    """Principal components of the pixels, then a support vector machine with a Gaussian kernel, calibrated."""

    network: Literal["pca-svm"] = "pca-svm"
    components: Units = Field(100, description="principal components")
    whiten: bool = Field(False, description="scale all components to the same variance")
    costs: Grid = Field((1.0, 10.0, 100.0), description="values of C to try")
    gammas: Grid = Field(
        (0.1, 0.3, 1.0), description="kernel widths to try, in units of 1/(components · their mean variance)"
    )


class HogLogisticConfig(ClassicalConfig):
    """Histograms of oriented gradients, then logistic regression."""

    network: Literal["hog-logistic"] = "hog-logistic"
    orientations: Side = Field(9, description="bins for the unsigned direction of a gradient")
    cell: int = Field(8, ge=2, le=255, description="side of a cell, in pixels")
    block: int = Field(2, ge=1, le=16, description="side of a block of cells that are normalised together, in cells")
    costs: Grid = Field((0.1, 1.0, 10.0, 100.0), description="values of C, the inverse of the L2 penalty, to try")
