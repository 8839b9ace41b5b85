"""Tests of recipes: round trips, settings, search spaces and error messages."""

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


def test_one_item_of_a_list_can_be_set():
    assert BASE.changed(["model.filters.1=48"]).model.filters == (16, 48, 64)


def test_another_network_starts_from_its_own_defaults():
    recipe = BASE.changed(["model.network=mlp", "model.dense=[64, 32]"])
    assert (recipe.model.network, recipe.model.dense) == ("mlp", (64, 32))


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("model.dropuot=0.3", "no key 'model.dropuot'; did you mean model.dropout"),
        ("modl.dropout=0.3", "no key 'modl.dropout'; did you mean model.dropout?"),
        ("optim.schedule.nam=cosine", "no key 'optim.schedule.nam'; did you mean optim.schedule.name"),
        ("model.dropout=lots", "model.dropout: input should be a valid number.* given 'lots'"),
        ("model.dropout=1.5", "model.dropout: input should be less than 1, given 1.5"),
        ("train.epochs=2.5", "train.epochs: .*integer.* given 2.5"),
        ("augment.flip=1", "augment.flip: input should be a valid boolean, given 1"),
        ("optim.name=adamm", "optim.name: input should be 'adam', 'adamw'.* given 'adamm'"),
        ("model.kernels=[3, 5]", "kernels has 2 values for 3 filters; give one value, or one for each"),
        ("data.fractions=[0.5, 0.5, 0.5]", "all three must sum to 1"),
        ("model.network=resnet", "no network 'resnet'; did you mean resnet50"),
        ("model.filters.5=3", "the list has items 0 to 2, not '5'"),
        ("seed.low=3", "seed is a single value, not a table"),
        ("input.frame=lung", "input.frame: input should be 'whole' or 'lungs', given 'lung'"),
        ("input.margin=0.6", "input.margin: input should be less than or equal to 0.5, given 0.6"),
        ("model.dropout", "write key=value"),
        ("train.epochs=2026-01-01", "date"),
    ],
)
def test_a_mistake_gets_one_line_that_names_it(setting, said):
    with pytest.raises(RecipeError, match=said) as error:
        BASE.changed([setting])
    assert "\n" not in str(error.value)


def test_lungs_are_framed_with_any_recipe_and_something_stays_to_be_seen():
    framed = BASE.changed(["input.frame=lungs", "input.margin=0.1", "input.outside=blank"])
    assert Recipe.from_toml(framed.to_toml(), "again").input == framed.input
    assert (framed.input.needs_lungs, BASE.input.needs_lungs) == (True, False)
    with pytest.raises(RecipeError, match=r"input: outside and inside are both blank.*; set one of the two to keep"):
        framed.changed(["input.inside=blank"])


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


SPACE = """
name = "mine"
[model]
network = "cnn"
kernels = [3, 3, 3]
[search]
model.filters.0 = { int = [32, 128], step = 16 }
model.kernels.0 = { choice = [3, 5] }
model.dense = { choice = [[64], [128, 64]] }
optim.learning_rate = { float = [1e-4, 1e-2], log = true }
"""


def test_a_search_space_is_read_by_field_and_written_back():
    recipe = Recipe.from_toml(SPACE)
    assert {key: str(one) for key, one in recipe.search.items()} == {
        "model.filters.0": "32 to 128 in steps of 16",
        "model.kernels.0": "3 or 5",
        "model.dense": "[64] or [128, 64]",
        "optim.learning_rate": "0.0001 to 0.01, by ratio",
    }
    assert Recipe.from_toml(recipe.to_toml()) == recipe
    assert recipe.model_dump() == recipe.without_search().model_dump()
    assert recipe.changed(["seed=3"]).search == recipe.search


def test_a_search_space_is_changed_by_settings():
    recipe = Recipe.from_toml(SPACE)
    added = recipe.changed(["search.optim.momentum={float=[0, 0.9], step=0.3}"])
    assert added.search.keys() == recipe.search.keys() | {"optim.momentum"}
    assert added.search["optim.momentum"].size == 4
    assert recipe.changed(["search={seed={int=[1, 4]}}"]).search.keys() == {"seed"}


@given(st.integers(-50, 50), st.integers(1, 9), st.integers(1, 20))
def test_ranges_of_whole_numbers_contain_every_step(low, step, steps):
    recipe = BASE.changed([f"search.x={{int=[{low}, {low + step * steps}], step={step}}}"])
    (numbers,) = recipe.search.values()
    assert [numbers.at(index) for index in range(numbers.size)] == list(range(low, low + step * steps + 1, step))
    assert Recipe.from_toml(recipe.to_toml()) == recipe


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("{int=[3, 1]}", "has 3 before 1; give the lower number first"),
        ("{float=[3, 3]}", "contains 3 only; set a single value in the recipe itself"),
        ("{int=[1, 10], step=4}", "steps of 4 from 1 miss 10; take 9 or 13"),
        ("{float=[0, 1], step=0.3}", "steps of 0.3 from 0 miss 1"),
        ("{int=[1, 10], step=0}", "step: .*greater than or equal to 1, given 0"),
        ("{int=[0, 10], log=true}", "log needs whole numbers of 1 or more, and no step"),
        ("{int=[1, 9], step=2, log=true}", "log needs whole numbers of 1 or more, and no step"),
        ("{float=[0, 1], log=true}", "log needs numbers above 0, and no step"),
        ("{int=[1, 2.5]}", r"int takes two whole numbers, \[low, high\], not \[1, 2.5\]"),
        ("{float=[1]}", r"float takes two numbers, \[low, high\], not \[1\]"),
        ("{choice=[]}", "choice needs 2 values or more"),
        ("{choice=[3]}", "choice needs 2 values or more"),
        ("{choice=[3, 5, 3]}", "choice gives 3 more than once"),
        ("{choice=[{a=1}, 2]}", "choice takes a list of plain values"),
        ("{itn=[1, 2]}", "no key 'itn'; did you mean int"),
        ("{int=[1, 2], stp=2}", "no key 'stp' beside int; did you mean step"),
        ("{int=[1, 2], choice=[1, 2]}", "no key 'choice' beside int"),
        ("{int=[1, 2], low={choice=[1, 2]}}", "no key 'low' beside int"),
        ("{}", r"give \{int = \[32, 128\], step = 16\}, .* not \{\}"),
        ("3", r"give \{int = .* not 3"),
    ],
)
def test_an_ill_typed_range_is_refused(given, said):
    with pytest.raises(RecipeError, match=f"search.optim.momentum: .*{said}"):
        BASE.changed([f"search.optim.momentum={given}"])


def test_a_field_and_a_part_of_it_are_not_both_searched():
    with pytest.raises(RecipeError, match=r"search.model.dense.0 is a part of search.model.dense"):
        BASE.changed(["search={'model.dense'={choice=[[8], [16]]}, 'model.dense.0'={int=[8, 16]}}"])
