"""The `[model]` tables of the classical baselines, which are fitted by a grid search instead of trained in steps."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from chestnut.config.part import Count, Part, Positive


class ClassicalConfig(Part):
    """The fields that classical models share: their grid is searched by cross-validation on the training images."""

    head: ClassVar[Literal["softmax"]] = "softmax"

    folds: int = Field(5, ge=2, description="folds of the training patients in the grid search")


class PcaSvmConfig(ClassicalConfig):
    """Principal components of the pixels, then a support vector machine with a Gaussian kernel, calibrated."""

    network: Literal["pca-svm"] = "pca-svm"
    components: Count = Field(100, description="principal components")
    whiten: bool = Field(False, description="scale all components to the same variance")
    costs: Annotated[tuple[Positive, ...], Field(min_length=1, description="values of C to try")] = (1.0, 10.0, 100.0)
    gammas: Annotated[
        tuple[Positive, ...],
        Field(min_length=1, description="kernel widths to try, in units of 1/(components · their mean variance)"),
    ] = (0.1, 0.3, 1.0)


class HogLogisticConfig(ClassicalConfig):
    """Histograms of oriented gradients, then logistic regression."""

    network: Literal["hog-logistic"] = "hog-logistic"
    orientations: Count = Field(9, description="bins for the unsigned direction of a gradient")
    cell: int = Field(8, ge=2, description="side of a cell, in pixels")
    block: Count = Field(2, description="side of a block of cells that are normalised together, in cells")
    costs: Annotated[
        tuple[Positive, ...], Field(min_length=1, description="values of C, the inverse of the L2 penalty, to try")
    ] = (0.1, 1.0, 10.0, 100.0)
