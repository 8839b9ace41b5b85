"""A network that is too large is refused from its recipe, before anything is built."""

import pytest

from chestnut.config import InputSpec, Recipe, load_recipe, recipe_names, recipe_parameters
from chestnut.config.limits import MOST_PARAMETERS, MOST_VALUES
from chestnut.config.network_size import _measure as measure
from chestnut.errors import RecipeError

#: Settings, and what the message says of them.
TOO_LARGE = {
    "model.filters=[99999999999]": "model.filters.0: input should be less than or equal to 4096, given 99999999999",
    "model.filters=[-1]": "model.filters.0: input should be greater than or equal to 1, given -1",
    "model.dense=[1000000000]": "model.dense.0: input should be less than or equal to 65536, given 1000000000",
    "model.kernels=9999": "model.kernels: input should be less than or equal to 255, given 9999",
    "model.depth=1000000": "model.depth: input should be less than or equal to 32, given 1000000",
    "input.height=100000": "input.height: input should be less than or equal to 2048, given 100000",
    "train.batch_size=99999999999": "train.batch_size: input should be less than or equal to 65536",
    "train.epochs=1000000000000": "train.epochs: input should be less than or equal to 100000, given 1000000000000",
    "train.passes=100000000": "train.passes: input should be less than or equal to 1000",
    "augment.blur=1e9": "augment.blur: input should be less than or equal to 20, given 1000000000.0",
    f"model.filters={[8] * 33}": "model.filters: tuple should have at most 32 items",
    f"model.dense={[8] * 33}": "model.dense: tuple should have at most 32 items",
    "model.dense=[65536, 65536]": "this cnn would have 5,972,843,264 parameters, and 1,000,000,000 is the limit",
    "model.filters=[4096]": "this cnn would have 4,152,926,336 parameters, and 1,000,000,000 is the limit",
    "optim.learning_rate=inf": "optim.learning_rate: input should be a finite number, given inf",
    "optim.learning_rate=nan": "optim.learning_rate: input should be a finite number, given nan",
    "train.stop.min_delta=nan": "train.stop.min_delta: input should be a finite number, given nan",
    "loss.gamma=inf": "loss.gamma: input should be a finite number, given inf",
    "data.fractions=[nan, 0.2, 0.1]": "data.fractions.0: input should be a finite number, given nan",
    "model.dropout=nan": "model.dropout: input should be a finite number, given nan",
}

LARGEST = ("input.height=2048", "input.width=2048")

#: The same for settings of other networks, which are changed together.
TOO_LARGE_TOGETHER = {
    ("mlp", *LARGEST, "model.dense=[1000]"): "this mlp would have 4,194,305,000 parameters",
    ("cnn-small", *LARGEST, "model.filters=[128]", "model.padding=same", "model.gather=average"): (
        "a layer of this cnn would put out 536,870,912 values for one image, and 268,435,456 is the limit"
    ),
    ("mobilenet-v2", "model.dense=[65536, 65536]"): "this mobilenet-v2 would have 4,429,316,096 parameters",
    ("pca-svm", *LARGEST, "model.components=1000"): "this pca-svm would have 4,194,304,000 parameters",
    ("hog-logistic", *LARGEST, "model.cell=2", "model.block=16"): "this hog-logistic would have 4,691,",
}


@pytest.mark.parametrize("setting", TOO_LARGE)
def test_a_value_without_sense_is_refused_with_its_limit(setting):
    with pytest.raises(RecipeError) as caught:
        load_recipe("cnn-small", [setting])
    assert TOO_LARGE[setting] in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("setting", ["model.gammas=[1e308]", "model.costs=[1e308]", "model.gammas=[]"])
def test_a_grid_has_values_that_single_precision_knows(setting):
    with pytest.raises(RecipeError, match=r"model\.(gammas|costs)(\.0)?: (input|tuple) should (be|have) "):
        load_recipe("pca-svm", [setting])


@pytest.mark.parametrize("words", TOO_LARGE_TOGETHER)
def test_a_network_too_large_is_refused_by_name(words):
    recipe, *settings = words
    with pytest.raises(RecipeError) as caught:
        load_recipe(recipe, settings)
    assert TOO_LARGE_TOGETHER[words] in str(caught.value)


@pytest.mark.parametrize("name", [name for name in recipe_names() if name.startswith(("cnn", "mlp", "robust"))])
def test_the_estimate_is_the_number_of_parameters(name):
    recipe = load_recipe(name)
    estimate, values, _ = measure(recipe.model, recipe.input)
    features = recipe.model.dense[-1] if recipe.model.dense else recipe.model.filters[-1]
    logits = 2 if recipe.model.head == "softmax" else 1
    assert name == "robust-mobilenet" or recipe_parameters(name) == estimate + logits * (features + 1)
    assert estimate < MOST_PARAMETERS and values <= MOST_VALUES


def test_the_largest_input_and_the_limits_themselves_are_taken():
    recipe = Recipe(name="large", input=InputSpec(height=2048, width=2048))
    assert recipe.changed(["model.gather=average", "model.filters=[8, 16, 64, 4096]", "train.epochs=100000"])
    assert recipe.changed(["model.network=vgg16", "train.batch_size=65536"])
    assert recipe.changed(["model.dense=[65536]", "model.gather=average"])
