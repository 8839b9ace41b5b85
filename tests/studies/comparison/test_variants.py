"""The variants of a comparison: settings for all recipes or one of them, and grids."""

import pytest

from chestnut.config import Recipe
from chestnut.errors import RecipeError
from chestnut.studies.comparison.plan import describe_start
from chestnut.studies.comparison.variants import make_variants


def test_a_grid_makes_every_combination():
    found = make_variants(["mlp", "cnn-small"], grid=["optim.learning_rate=1e-2,1e-3", "data.balance=none,weights"])
    assert [one.name for one in found][:3] == [
        "mlp-learning_rate=1e-2-balance=none",
        "mlp-learning_rate=1e-2-balance=weights",
        "mlp-learning_rate=1e-3-balance=none",
    ]
    assert len(found) == 8
    assert (found[-1].recipe.optim.learning_rate, found[-1].recipe.data.balance) == (1e-3, "weights")
    assert found[-1].recipe.model.network == "cnn"


def test_commas_in_lists_do_not_separate_values():
    found = make_variants(["cnn-small"], grid=["model.filters=[8],[8, 16]"])
    assert [one.recipe.model.filters for one in found] == [(8,), (8, 16)]
    assert [one.name for one in found] == ["cnn-small-filters=8", "cnn-small-filters=8-16"]


def test_names_are_usable_for_folders_and_distinguish_equal_field_names():
    found = make_variants(["mlp"], grid=["model.dropout=0.1,0.2", "optim.name=adam,sgd", "loss.name=focal"])
    assert found[0].name == "mlp-dropout=0.1-optim.name=adam-loss.name=focal"
    assert all("/" not in one.name for one in found)


def test_settings_for_one_recipe_have_priority_over_those_for_all():
    settings = ["mlp:model.dense=[4]", "optim.name=sgd", "mlp:optim.name=adam"]
    mlp, cnn = make_variants(["mlp", "cnn-small"], settings)
    assert (mlp.recipe.model.dense, mlp.recipe.optim.name) == ((4,), "adam")
    assert (cnn.recipe.model.dense, cnn.recipe.optim.name) == ((128,), "sgd")


@pytest.mark.parametrize(
    ("recipes", "settings", "grid", "said"),
    [
        (["mlp", "cnn-smal"], [], [], "no recipe 'cnn-smal'; did you mean cnn-small"),
        (["mlp"], [], [], "1 variant to compare; give two recipes or more"),
        (["mlp", "mlp"], [], [], "mlp more than once"),
        (["mlp"], [], ["optim.learning_rate=1e-3,1e-3"], "more than once"),
        (["mlp"], [], ["optim.learning_rat=1e-3,1e-4"], "grid for mlp: .*no key 'optim.learning_rat'; did you mean"),
        (["mlp"], [], ["optim.learning_rate=fast,slow"], "grid for mlp: optim.learning_rate: .*given 'fast'"),
        (["mlp"], [], ["optim.learning_rate"], "write KEY=VALUE,VALUE"),
        (["mlp"], [], ["optim.learning_rate="], "write KEY=VALUE,VALUE"),
        (["mlp"], [], ["train.epochs=3,4"], "all variants share train.epochs; give epochs=N"),
        (["mlp"], [], ["seed=1,2"], "all variants share seed; give seed=N instead, and repeats=N"),
        (["mlp", "cnn-small"], ["seed=3"], [], "all variants share seed"),
        (["mlp", "cnn-small"], ["model.filters=[4]"], [], "settings for mlp: .*RECIPE:KEY=VALUE is for one recipe"),
        (["mlp", "cnn-small"], ["cnn:model.filters=[4]"], [], "no recipe 'cnn' is compared; known: mlp, cnn-small"),
    ],
)
def test_what_cannot_be_compared_is_refused(recipes, settings, grid, said):
    with pytest.raises(RecipeError, match=said) as refused:
        make_variants(recipes, settings, grid)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ([], "ImageNet weights"),
        (["model.weights=none"], "random weights, frozen"),
        (["model.weights=none", "model.unfreeze=1.0"], "random weights"),
        (["model.weights=/models/mine.weights.h5"], "weights of mine.weights.h5"),
    ],
)
def test_what_a_backbone_starts_from(settings, words):
    recipe = Recipe(name="b").changed(["model.network=mobilenet-v2", *settings])
    assert describe_start(recipe) == words
