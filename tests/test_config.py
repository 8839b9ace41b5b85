"""Recipes: round trips, settings, and what is said of mistakes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chestnut.config import CnnConfig, Recipe, load_recipe, recipe_names, recipe_text
from chestnut.errors import RecipeError

BASE = Recipe(name="base")


@pytest.mark.parametrize("name", recipe_names())
def test_recipes_round_trip_and_open_with_their_source(name):
    recipe = load_recipe(name)
    assert recipe.name == name
    assert Recipe.from_toml(recipe.to_toml()) == recipe
    head = recipe_text(name).split("\n\n")[0]
    assert all(f"# {part}:" in head for part in (name, "Parameters", "Source", "Reported", "Command", "Measured"))


@given(
    st.lists(st.integers(1, 512), min_size=1, max_size=5),
    st.floats(0, 0.99),
    st.sampled_from(["none", "weights", "oversample", "undersample"]),
    st.floats(1e-6, 1),
)
def test_settings_round_trip(filters, dropout, balance, rate):
    recipe = BASE.changed(
        [
            f"model.filters={filters}",
            f"model.dropout={dropout!r}",
            f"data.balance={balance}",
            f"optim.learning_rate={rate!r}",
        ]
    )
    assert recipe.model.filters == tuple(filters)
    assert (recipe.model.dropout, recipe.data.balance, recipe.optim.learning_rate) == (dropout, balance, rate)
    assert Recipe.from_toml(recipe.to_toml()) == recipe


def test_one_place_of_a_list_can_be_set():
    assert BASE.changed(["model.filters.1=48"]).model.filters == (16, 48, 64)


def test_another_network_starts_from_its_own_defaults():
    recipe = BASE.changed(["model.network=mlp", "model.dense=[64, 32]"])
    assert (recipe.model.network, recipe.model.dense) == ("mlp", (64, 32))


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("model.dropuot=0.3", "no key 'model.dropuot'; did you mean dropout"),
        ("modl.dropout=0.3", "no key 'modl'; did you mean model?"),
        ("optim.schedule.nam=cosine", "no key 'optim.schedule.nam'; did you mean name"),
        ("model.dropout=lots", "model.dropout: input should be a valid number.* given 'lots'"),
        ("model.dropout=1.5", "model.dropout: input should be less than 1, given 1.5"),
        ("train.epochs=2.5", "train.epochs: .*integer.* given 2.5"),
        ("augment.flip=1", "augment.flip: input should be a valid boolean, given 1"),
        ("optim.name=adamm", "optim.name: input should be 'adam', 'adamw'.* given 'adamm'"),
        ("model.kernels=[3, 5]", "kernels has 2 values for 3 filters; give one, or one each"),
        ("data.fractions=[0.5, 0.5, 0.5]", "all three sum to 1"),
        ("model.network=resnet", "no network 'resnet'; did you mean resnet50"),
        ("model.filters.5=3", "the list has places 0 to 2, not '5'"),
        ("seed.low=3", "seed holds one value, not a table"),
        ("model.dropout", "write key=value"),
        ("train.epochs=2026-01-01", "date"),
    ],
)
def test_a_mistake_gets_one_line_that_names_it(setting, said):
    with pytest.raises(RecipeError, match=said) as error:
        BASE.changed([setting])
    assert "\n" not in str(error.value)


def test_an_unknown_recipe_lists_near_matches():
    with pytest.raises(RecipeError, match="no recipe 'cnn-smal'; did you mean cnn-small"):
        load_recipe("cnn-smal")


def test_a_recipe_file_is_read_and_its_faults_name_it(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('name = "mine"\n[model]\nnetwork = "cnn"\nfilters = [8]\n', encoding="utf-8")
    assert load_recipe(path).model == CnnConfig(filters=(8,))
    path.write_text("name = ", encoding="utf-8")
    with pytest.raises(RecipeError, match=r"mine.toml is not valid TOML"):
        load_recipe(path)
    with pytest.raises(RecipeError, match="no recipe file"):
        load_recipe(tmp_path / "none.toml")


def test_a_recipe_is_frozen():
    with pytest.raises(ValueError, match="frozen"):
        BASE.seed = 3
