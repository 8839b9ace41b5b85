"""Tests of the answer to an unknown key of a recipe: the full path of the key that was meant."""

import pytest

from chestnut.config import Recipe, load_recipe
from chestnut.errors import RecipeError

MEANT = {
    "epochs": "train.epochs",
    "Epochs": "train.epochs",
    "trainn.epochs": "train.epochs",
    "model.epochs": "train.epochs",
    "lr": "optim.learning_rate",
    "train.lr": "optim.learning_rate",
    "learning-rate": "optim.learning_rate",
    "learning_rte": "optim.learning_rate",
    "bs": "train.batch_size",
    "batchsize": "train.batch_size",
    "dropout": "model.dropout",
    "model.dropot": "model.dropout",
    "stop.patience": "train.stop.patience",
    "rotate": "augment.rotation",
    "batch": "model.batch_norm or train.batch_size",
    "sed": "seed",
}


@pytest.mark.parametrize("wrong", MEANT)
def test_an_unknown_key_gets_the_full_path(wrong):
    with pytest.raises(RecipeError, match=rf"no key '{wrong}'; did you mean {MEANT[wrong]}\?$"):
        Recipe(name="x").changed([f"{wrong}=3"])


def test_every_last_name_leads_to_its_path():
    recipe = Recipe(name="x")
    for table in ("input", "model", "loss", "optim", "data", "augment", "train"):
        for name in type(getattr(recipe, table)).model_fields:
            if name not in Recipe.model_fields:
                with pytest.raises(RecipeError, match=rf"did you mean .*\b{table}\.{name}\b"):
                    recipe.changed([f"{name}=3"])


def test_keys_of_another_network_are_not_proposed():
    with pytest.raises(RecipeError, match="no key 'unfreeze'; known: name, "):
        load_recipe("mlp", ["unfreeze=1"])
    with pytest.raises(RecipeError, match=r"did you mean model.unfreeze\?"):
        load_recipe("vgg16", ["unfreeze=1"])


def test_a_key_like_no_other_gets_the_keys_beside_it():
    with pytest.raises(RecipeError, match=r"no key 'train.zebra'; known: train.epochs, train.batch_size"):
        load_recipe("mlp", ["train.zebra=1"])


def test_a_table_of_several_unknown_keys_is_named_itself():
    with pytest.raises(RecipeError, match=r"no key 'trainn'; did you mean train\?"):
        Recipe.from_toml('name="x"\n[trainn]\nepochs=3\nbatch_size=3')


def test_a_key_below_a_value_is_refused():
    with pytest.raises(RecipeError, match=r"seed is a single value, not a table; leave out \.x\.y"):
        load_recipe("mlp", ["seed.x.y=3"])
