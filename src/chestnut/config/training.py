"""The tables that say how a network is trained: loss, optimiser, schedule, early stopping, split and balance."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from chestnut.config.part import Count, Fraction, NotNegative, Part, Positive, Rate


class LossConfig(Part):
    """The loss, computed from logits."""

    name: Literal["cross-entropy", "focal"] = "cross-entropy"
    label_smoothing: Rate = Field(0.0, description="share of the target that is spread over all classes")
    gamma: NotNegative = Field(2.0, description="focusing strength of the focal loss (Lin 2017, arXiv:1708.02002)")


class ScheduleConfig(Part):
    """How the learning rate changes from epoch to epoch."""

    name: Literal["constant", "exponential", "cosine", "plateau"] = "constant"
    warmup: NotNegative = Field(0.0, description="epochs over which the rate rises linearly from zero")
    decade: Positive = Field(20.0, description="exponential: epochs to a tenth of the rate, lr·0.1^(epoch/decade)")
    final: Fraction = Field(0.0, description="cosine: share of the rate that is left at the end")
    factor: Annotated[float, Field(gt=0, lt=1)] = Field(0.3, description="plateau: factor that lowers the rate")
    patience: Count = Field(2, description="plateau: epochs without a better validation loss before lowering it")
    floor: NotNegative = Field(1e-6, description="plateau: the lowest rate")


class OptimConfig(Part):
    """The optimiser and its settings."""

    name: Literal["adam", "adamw", "sgd", "rmsprop", "nadam", "lion"] = "adam"
    learning_rate: Positive = 1e-3
    momentum: Rate = Field(0.0, description="momentum of sgd and rmsprop")
    beta_1: Rate = Field(0.9, description="decay of the first moment in adam, adamw, nadam, lion")
    beta_2: Rate = Field(0.999, description="decay of the second moment in adam, adamw, nadam, lion")
    epsilon: Positive = 1e-7
    weight_decay: NotNegative = 0.0
    clip_norm: NotNegative = Field(0.0, description="greatest global norm of the gradient; 0 sets no limit")
    schedule: ScheduleConfig = ScheduleConfig()


class StopConfig(Part):
    """Early stopping. A run always keeps the weights of its best epoch, stopped early or not."""

    metric: Literal["val_loss", "val_auroc", "val_accuracy", "val_balanced_accuracy"] = "val_loss"
    patience: int = Field(0, ge=0, description="epochs without improvement before stopping; 0 never stops")
    min_delta: NotNegative = Field(0.0, description="least change that counts as an improvement")
    from_epoch: int = Field(0, ge=0, description="first epochs, which do not count against patience")

    @property
    def smaller_is_better(self) -> bool:
        """Whether the metric is a loss."""
        return self.metric == "val_loss"


class DataConfig(Part):
    """How images are split and how classes are balanced."""

    positive: str | None = Field(None, description="the positive class, if its name does not show it")
    fractions: tuple[Fraction, Fraction, Fraction] = Field(
        (0.7, 0.15, 0.15), description="shares of train, val and test"
    )
    balance: Literal["none", "weights", "oversample", "undersample"] = Field(
        "none", description="class weights n/(classes·count), or sampling of the training images"
    )

    @model_validator(mode="after")
    def _check_fractions(self) -> Self:
        if abs(sum(self.fractions) - 1) > 1e-6 or min(self.fractions[:2]) == 0:
            raise ValueError("fractions must be above 0 for train and val, and all three must sum to 1")
        return self


class TrainConfig(Part):
    """The length of a training, its batches and its arithmetic."""

    epochs: Annotated[int, Field(ge=1, le=100_000)] = 20
    batch_size: Annotated[int, Field(ge=1, le=65_536)] = 32
    precision: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto", description="arithmetic of the layers; auto tries bfloat16 and uses it if it is faster"
    )
    passes: int = Field(
        4,
        ge=0,
        le=1000,
        description="augmented passes over the training images for which the output of frozen layers is kept; epochs "
        "use them in turn; 0 computes the output again in every step",
    )
    average: Rate = Field(
        0.0, description="momentum of the running average of the weights that is evaluated and kept; 0 averages nothing"
    )
    calibrate: Literal["temperature", "none"] = Field(
        "temperature",
        description="what makes probabilities agree with observed shares after training: a temperature fitted to the "
        "validation images, if there are enough patients, or nothing",
    )
    export: Literal["onnx", "none"] = Field(
        "onnx",
        description="the form in which the network is kept beside its own, for fast prediction and for serving: ONNX, "
        "or none",
    )
    stop: StopConfig = StopConfig()
