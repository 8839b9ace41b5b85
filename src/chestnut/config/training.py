"""How a network is trained: loss, optimiser and its schedule, early stopping, the data's split and balance."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from chestnut.config.part import Count, Fraction, NotNegative, Part, Positive, Rate


class LossConfig(Part):
    """The loss, taken on logits."""

    name: Literal["cross-entropy", "focal"] = "cross-entropy"
    label_smoothing: Rate = Field(0.0, description="share of the target spread over all classes")
    gamma: NotNegative = Field(2.0, description="focusing strength of the focal loss (Lin 2017, arXiv:1708.02002)")


class ScheduleConfig(Part):
    """How the learning rate moves, epoch by epoch."""

    name: Literal["constant", "exponential", "cosine", "plateau"] = "constant"
    warmup: NotNegative = Field(0.0, description="epochs of linear rise from zero to the learning rate")
    decade: Positive = Field(20.0, description="exponential: epochs to a tenth, lr·0.1^(epoch/decade)")
    final: Fraction = Field(0.0, description="cosine: share of the rate left at the end")
    factor: Annotated[float, Field(gt=0, lt=1)] = Field(0.3, description="plateau: multiply the rate by this")
    patience: Count = Field(2, description="plateau: epochs without a better validation loss before that")
    floor: NotNegative = Field(1e-6, description="plateau: the least rate")


class OptimConfig(Part):
    """The optimiser and its settings."""

    name: Literal["adam", "adamw", "sgd", "rmsprop", "nadam", "lion"] = "adam"
    learning_rate: Positive = 1e-3
    momentum: Rate = Field(0.0, description="sgd and rmsprop only")
    beta_1: Rate = Field(0.9, description="adam, adamw, nadam, lion")
    beta_2: Rate = Field(0.999, description="adam, adamw, nadam, lion")
    epsilon: Positive = 1e-7
    weight_decay: NotNegative = 0.0
    clip_norm: NotNegative = Field(0.0, description="greatest global norm of the gradient; 0 for no limit")
    schedule: ScheduleConfig = ScheduleConfig()


class StopConfig(Part):
    """Early stopping; the weights of the best epoch are always the ones kept."""

    metric: Literal["val_loss", "val_auroc", "val_accuracy", "val_balanced_accuracy"] = "val_loss"
    patience: int = Field(0, ge=0, description="epochs without improvement before stopping; 0 never stops")
    min_delta: NotNegative = Field(0.0, description="least change that counts as an improvement")
    from_epoch: int = Field(0, ge=0, description="epochs before which patience does not run")

    @property
    def smaller_is_better(self) -> bool:
        """Whether the metric is a loss."""
        return self.metric == "val_loss"


class DataConfig(Part):
    """How images are split and balanced."""

    positive: str | None = Field(None, description="the positive class, where its name does not tell")
    fractions: tuple[Fraction, Fraction, Fraction] = Field((0.7, 0.15, 0.15), description="train, val, test")
    balance: Literal["none", "weights", "oversample", "undersample"] = Field(
        "none", description="class weights n/(classes·count), or sampling of the training images"
    )

    @model_validator(mode="after")
    def _sum_to_one(self) -> Self:
        if abs(sum(self.fractions) - 1) > 1e-6 or min(self.fractions[:2]) == 0:
            raise ValueError("fractions of train and val are above 0 and all three sum to 1")
        return self


class TrainConfig(Part):
    """The training run."""

    epochs: Count = 20
    batch_size: Count = 32
    precision: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto", description="arithmetic of the layers; auto probes bfloat16 and takes it where it is faster"
    )
    passes: int = Field(
        4,
        ge=0,
        description="augmented passes over the training images that are kept of a frozen part, which epochs take in "
        "turns; 0 computes it anew in every step",
    )
    average: Rate = Field(
        0.0, description="momentum of the running average of the weights that is judged and kept; 0 keeps the last"
    )
    stop: StopConfig = StopConfig()
