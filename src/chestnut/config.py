"""The `Recipe`: everything that decides how a network is made and trained, as one frozen, typed object.

May be called by every room; calls nothing but `errors`. A recipe is read from TOML, changed by `--set key=value`, and
written back as TOML that reads to the same object. Unknown keys and ill-typed values are refused.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from chestnut.errors import RecipeError, suggest

Fraction = Annotated[float, Field(ge=0, le=1)]
Rate = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]


class Part(BaseModel):
    """A frozen part of a recipe that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class InputSpec(Part):
    """What a network is fed: uint8 pixels in 0..255, grey, of shape (height, width, channels).

    It travels in the bundle, so that training and prediction decode alike.
    """

    height: Annotated[int, Field(ge=16, le=2048, description="pixels")] = 224
    width: Annotated[int, Field(ge=16, le=2048, description="pixels")] = 224
    channels: Literal[1, 3] = Field(1, description="1, or 3 where the grey is repeated")
    resize: Literal["stretch", "fit", "crop"] = Field(
        "stretch", description="stretch to the shape, fit inside it and pad with black, or fill it and crop the middle"
    )

    @property
    def shape(self) -> tuple[int, int, int]:
        """(height, width, channels)."""
        return (self.height, self.width, self.channels)


class CnnConfig(Part):
    """A plain convolutional network: blocks of convolution and pooling, then dense layers, then the head.

    A field that takes a list takes one value a block (a dense layer, for `dense_dropout`); one value serves all.
    """

    network: Literal["cnn"] = "cnn"
    filters: Annotated[tuple[Count, ...], Field(min_length=1, description="filters of each block")] = (16, 32, 64)
    kernels: Count | tuple[Count, ...] = Field(3, description="kernel size of each block")
    depth: Count = Field(1, description="convolutions in each block, before its pooling")
    padding: Literal["valid", "same"] | tuple[Literal["valid", "same"], ...] = Field(
        "valid", description="of convolutions"
    )
    pool_padding: Literal["valid", "same"] = Field("valid", description="of the 2×2 max pooling")
    dropout: Rate | tuple[Rate, ...] = Field(0.0, description="after each block")
    batch_norm: bool = Field(False, description="batch normalisation after each convolution")
    l1: NotNegative | tuple[NotNegative, ...] = Field(0.0, description="L1 penalty on each block's kernels")
    l2: NotNegative | tuple[NotNegative, ...] = Field(0.0, description="L2 penalty on each block's kernels")
    gather: Literal["flatten", "average"] = Field("flatten", description="flatten, or global average pooling")
    dense: tuple[Count, ...] = Field((128,), description="units of each dense layer")
    dense_dropout: Rate | tuple[Rate, ...] = Field(0.0, description="after each dense layer")
    head: Literal["softmax", "sigmoid"] = Field("softmax", description="one logit a class, or one for two classes")

    @model_validator(mode="after")
    def _one_value_a_block(self) -> Self:
        for name in ("kernels", "padding", "dropout", "l1", "l2"):
            _same_length(name, getattr(self, name), len(self.filters), "filters")
        _same_length("dense_dropout", self.dense_dropout, len(self.dense), "dense")
        return self


class MlpConfig(Part):
    """A network without convolution: flatten, dense layers, head."""

    network: Literal["mlp"] = "mlp"
    dense: Annotated[tuple[Count, ...], Field(min_length=1, description="units of each dense layer")] = (128,)
    dropout: Rate | tuple[Rate, ...] = Field(0.0, description="after each dense layer")
    batch_norm: bool = Field(False, description="batch normalisation after each dense layer")
    l1: NotNegative | tuple[NotNegative, ...] = Field(0.0, description="L1 penalty on each layer's kernel")
    l2: NotNegative | tuple[NotNegative, ...] = Field(0.0, description="L2 penalty on each layer's kernel")
    head: Literal["softmax", "sigmoid"] = Field("softmax", description="one logit a class, or one for two classes")

    @model_validator(mode="after")
    def _one_value_a_layer(self) -> Self:
        for name in ("dropout", "l1", "l2"):
            _same_length(name, getattr(self, name), len(self.dense), "dense")
        return self


ModelConfig = Annotated[CnnConfig | MlpConfig, Field(discriminator="network")]


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


class AugmentConfig(Part):
    """Ranges of the random changes made to training images, on the device; zero leaves a change out."""

    flip: bool = Field(False, description="mirror left and right, half of the time")
    rotation: Annotated[float, Field(ge=0, le=180)] = Field(0.0, description="degrees either way")
    shift: Fraction = Field(0.0, description="share of the side, either way, each axis")
    zoom: Rate = Field(0.0, description="share larger or smaller")
    shear: Annotated[float, Field(ge=0, lt=90)] = Field(0.0, description="degrees either way")
    fill: Literal["constant", "nearest", "reflect"] = Field(
        "constant", description="beyond the edge: black, edge or mirror"
    )
    brightness: Fraction = Field(0.0, description="share of the full range added or taken")
    contrast: Rate = Field(0.0, description="share more or less, about the image's mean")
    gamma: Rate = Field(0.0, description="log-uniform exponent between 1-gamma and 1/(1-gamma)")
    noise: Fraction = Field(0.0, description="greatest standard deviation of Gaussian noise, share of full range")
    blur: NotNegative = Field(0.0, description="greatest standard deviation of a Gaussian blur, in pixels")

    @property
    def geometric(self) -> bool:
        """Whether any change moves pixels."""
        return self.flip or any((self.rotation, self.shift, self.zoom, self.shear))

    @property
    def photometric(self) -> bool:
        """Whether any change alters grey values."""
        return any((self.brightness, self.contrast, self.gamma, self.noise, self.blur))


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
    stop: StopConfig = StopConfig()


class Recipe(Part):
    """One way to make and train a network.

    >>> recipe = Recipe(name="mine", model=CnnConfig(filters=(8, 16)))
    >>> recipe.changed(["model.dropout=0.3"]).model.dropout
    0.3
    >>> Recipe.from_toml(recipe.to_toml()) == recipe
    True
    """

    name: str
    summary: str = ""
    source: str = Field("", description="where the network comes from")
    reported: str = Field("", description="the score that the source reports")
    seed: int = Field(0, ge=0, le=2**31 - 1)
    input: InputSpec = InputSpec()
    model: ModelConfig = Field(default_factory=CnnConfig)
    loss: LossConfig = LossConfig()
    optim: OptimConfig = OptimConfig()
    data: DataConfig = DataConfig()
    augment: AugmentConfig = AugmentConfig()
    train: TrainConfig = TrainConfig()

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], origin: str = "recipe") -> Recipe:
        """Validate plain values.

        Raises:
            RecipeError: An unknown key (near matches are listed) or an ill-typed or impossible value.
        """
        try:
            return cls.model_validate_json(json.dumps(values))
        except ValidationError as error:
            raise RecipeError(f"{origin}: {_first_fault(error, values)}") from None
        except TypeError as error:  # TOML knows dates and times, JSON does not
            raise RecipeError(f"{origin}: {error}; a recipe holds text, numbers, true, false and lists") from None

    @classmethod
    def from_toml(cls, text: str, origin: str = "recipe") -> Recipe:
        """Read a recipe from TOML text; raises as `from_dict`."""
        try:
            return cls.from_dict(tomllib.loads(text), origin)
        except tomllib.TOMLDecodeError as error:
            raise RecipeError(f"{origin} is not valid TOML: {error}") from None

    def to_toml(self) -> str:
        """Write all fields, defaults included, as TOML."""
        import tomli_w

        return tomli_w.dumps(self.model_dump(mode="json", exclude_none=True))

    def changed(self, settings: Iterable[str]) -> Recipe:
        """A copy with `key=value` settings applied, keys dotted and values in TOML.

        Raises:
            RecipeError: A setting without `=`, an unknown key or an ill-typed value.
        """
        values = self.model_dump(mode="json", exclude_none=True)
        for setting in settings:
            key, equals, text = setting.partition("=")
            if not equals or not key.strip():
                raise RecipeError(f"--set {setting!r}: write key=value, such as optim.learning_rate=1e-4")
            value = _toml_value(text.strip())
            if key.strip() == "model.network" and value != values["model"]["network"]:
                values["model"] = {}  # the settings of one network mean nothing to another
            _assign(values, key.strip().split("."), value, setting)
        return Recipe.from_dict(values, "--set" if settings else self.name)


def recipe_names() -> list[str]:
    """Names of the recipes that come with chestnut, sorted."""
    folder = resources.files("chestnut") / "recipes"
    return sorted(item.name.removesuffix(".toml") for item in folder.iterdir() if item.name.endswith(".toml"))


def recipe_text(name: str) -> str:
    """The TOML text of a recipe that comes with chestnut, comments included.

    Raises:
        RecipeError: There is none of that name.
    """
    if name not in recipe_names():
        raise RecipeError(f"no recipe {name!r}; {suggest(name, recipe_names())}; or give the path of a .toml file")
    return (resources.files("chestnut") / "recipes" / f"{name}.toml").read_text(encoding="utf-8")


def load_recipe(recipe: str | Path | Recipe, settings: Iterable[str] = ()) -> Recipe:
    """Find a recipe by name or path and apply `--set` settings.

    Args:
        recipe: A name from `recipe_names()`, the path of a TOML file, or a recipe.
        settings: `key=value` texts.

    Raises:
        RecipeError: Not found, or not valid.
    """
    if not isinstance(recipe, Recipe):
        path = Path(recipe)
        if path.suffix == ".toml":
            if not path.is_file():
                raise RecipeError(f"no recipe file {path}; give a .toml file or one of {', '.join(recipe_names())}")
            try:
                recipe = Recipe.from_toml(path.read_text(encoding="utf-8"), str(path))
            except UnicodeDecodeError:
                raise RecipeError(f"{path} is not UTF-8 text; a recipe is a TOML file") from None
        else:
            recipe = Recipe.from_toml(recipe_text(str(recipe)), str(recipe))
    settings = list(settings)
    return recipe.changed(settings) if settings else recipe


def _same_length(name: str, value: object, length: int, of: str) -> None:
    if isinstance(value, tuple) and len(value) != length:
        raise ValueError(f"{name} has {len(value)} values for {length} {of}; give one, or one each")


def _toml_value(text: str) -> Any:
    """Read one value as TOML; what is not TOML is taken as text, so that names need no quotes."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _assign(values: dict[str, Any], keys: list[str], value: Any, setting: str) -> None:
    """Set a dotted key; a number in it is a place in a list, as in `model.filters.0`."""
    target: Any = values
    for key in keys[:-1]:
        target = _child(target, key, setting)
    last = keys[-1]
    if isinstance(target, list):
        target[_place(target, last, setting)] = value
    elif isinstance(target, dict):
        target[last] = value
    else:
        raise RecipeError(f"--set {setting}: {'.'.join(keys[:-1])} holds one value, not a table; leave out .{last}")


def _child(target: Any, key: str, setting: str) -> Any:
    if isinstance(target, list):
        return target[_place(target, key, setting)]
    if isinstance(target, dict) and key in target:
        return target[key]
    known = target if isinstance(target, dict) else ()
    raise RecipeError(f"--set {setting}: no key {key!r}; {suggest(key, known)}")


def _place(target: list[Any], key: str, setting: str) -> int:
    if not key.isdecimal() or int(key) >= len(target):
        raise RecipeError(f"--set {setting}: the list has places 0 to {len(target) - 1}, not {key!r}")
    return int(key)


def _first_fault(error: ValidationError, values: Mapping[str, Any]) -> str:
    """The first fault in one line, an unknown key before all others since it often causes them."""
    faults = sorted(error.errors(), key=lambda fault: fault["type"] != "extra_forbidden")
    fault = faults[0]
    place = [part for part in fault["loc"] if part not in ("cnn", "mlp")]
    where = ".".join(str(part) for part in place if not (isinstance(part, str) and _is_branch(part)))
    if fault["type"] == "extra_forbidden":
        return f"no key {where!r}; {suggest(str(place[-1]), _keys_beside(place[:-1], values))}"
    said = fault["msg"].removeprefix("Value error, ")
    given = "" if fault["type"] in ("missing", "value_error") else f", given {fault['input']!r}"
    return f"{where or 'recipe'}: {said[0].lower()}{said[1:]}{given}"


def _is_branch(part: str) -> bool:
    """Whether pydantic put the part into a location to name one branch of a union of types."""
    return part.startswith(("tuple[", "constrained-", "literal[", "function-")) or part in (
        "int",
        "float",
        "str",
        "none",
    )


def _keys_beside(place: list[Any], values: Mapping[str, Any]) -> list[str]:
    part: type[BaseModel] = Recipe
    for key in place:
        if key == "model":
            table = values.get("model")
            part = MlpConfig if isinstance(table, Mapping) and table.get("network") == "mlp" else CnnConfig
        else:
            part = part.model_fields[str(key)].annotation  # type: ignore[assignment]
    return list(part.model_fields)
