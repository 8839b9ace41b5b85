"""What a resume rests on: the files in state/, each restored to the bit, or refused if it is missing or damaged."""

import json
import shutil

import keras
import numpy as np
import pytest

from chestnut.config import Recipe
from chestnut.errors import RunError
from chestnut.models.build import build_recipe
from chestnut.models.device import repeatable
from chestnut.training.array_file import write_arrays
from chestnut.training.checkpoint import Checkpoint, Progress
from chestnut.training.learner import Learner

RECIPE = Recipe(name="tiny").changed(
    ["input.height=16", "input.width=16", "model.filters=[2]", "model.dense=[2]", "model.dropout=0.3"]
)


def network(seed):
    repeatable(seed)
    return build_recipe(RECIPE, 2)


def learner(seed):
    one = Learner(network(seed), RECIPE, "float32")
    one(np.zeros((1, 16, 16, 1)))
    one.optimizer.build(one.trainable_variables)
    return one


def values(model):
    return [variable.numpy() for variable in model.variables]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The state of a run whose first epoch was the best of two, and the hash of its start."""
    state = tmp_path_factory.mktemp("saved") / "run" / "state"
    start = Checkpoint(state).save_start(network(1))
    progress = Progress(best_epoch=1, best=0.5).with_row({"epoch": 1, "val_loss": 0.5})
    for now in (progress, progress.with_row({"epoch": 2, "val_loss": None})):
        Checkpoint(state).save(learner(now.epoch), now)
    return state, start


@pytest.fixture(scope="module")
def spare():
    """A learner whose values do not matter."""
    return learner(4)


def test_the_start_is_restored_with_the_states_of_its_random_generators(saved):
    state, start = saved
    own, other = network(1), network(2)
    assert any("seed_generator" in variable.path for variable in own.variables)
    assert not all(np.array_equal(*pair) for pair in zip(values(own), values(other), strict=True))
    Checkpoint(state).restore_start(other, start)
    for one, restored in zip(values(own), values(other), strict=True):
        np.testing.assert_array_equal(one, restored)


def test_the_start_of_an_older_chestnut_is_restored_without_these_states(saved, tmp_path):
    write_arrays(tmp_path / "start.arrays", network(1).get_weights())
    other = network(2)
    Checkpoint(tmp_path).restore_start(other, None)
    for one, restored in zip(network(1).get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(one, restored)


def test_the_last_and_the_best_epoch_are_restored(saved, spare):
    checkpoint = Checkpoint(saved[0])
    progress = checkpoint.restore(spare)
    assert progress.epoch == 2 and np.isnan(progress.rows[1]["val_loss"])
    for restored, expected in zip(values(spare.network), values(network(2)), strict=True):
        np.testing.assert_array_equal(restored, expected)
    for best, expected in zip(checkpoint.best_weights(spare, progress), network(1).get_weights(), strict=True):
        np.testing.assert_array_equal(best, expected)


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path):
    path.write_bytes(path.read_bytes()[:-20])


def rewrite(**changes):
    def change(path):
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return change


#: What happened to a file of state/, and what a resume says of it.
DAMAGES = {
    "start flipped": ("start.arrays", flip, "start.arrays was changed or damaged .*its hash differs"),
    "start cut": ("start.arrays", cut, "start.arrays was changed or damaged .*its hash differs"),
    "start missing": ("start.arrays", lambda path: path.unlink(), "start.arrays is missing; restore it"),
    "last epoch flipped": ("epoch-0002.arrays", flip, "epoch-0002.arrays was changed or damaged .*its hash differs"),
    "last epoch missing": ("epoch-0002.arrays", lambda path: path.unlink(), "epoch-0002.arrays is missing"),
    "best epoch cut": ("epoch-0001.arrays", cut, "epoch-0001.arrays was changed or damaged"),
    "best epoch missing": ("epoch-0001.arrays", lambda path: path.unlink(), "epoch-0001.arrays is missing"),
    "latest empty": ("latest.json", lambda path: path.write_text(""), "latest.json was changed or damaged"),
    "latest cut": ("latest.json", cut, "latest.json was changed or damaged"),
    "latest not text": ("latest.json", lambda path: path.write_bytes(b"\xff\xfe"), "latest.json was changed"),
    "latest a list": ("latest.json", lambda path: path.write_text("[]"), "latest.json was changed or damaged"),
    "latest without progress": ("latest.json", lambda path: path.write_text("{}"), "latest.json was changed"),
    "progress of another type": ("latest.json", rewrite(progress="done"), "latest.json was changed or damaged"),
    "hashes of another type": ("latest.json", rewrite(hashes=[1]), "latest.json was changed or damaged"),
    "another file named": ("latest.json", rewrite(variables="../x"), "../x is not the file of its last epoch"),
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_damaged_state_is_one_clear_error(saved, spare, kind, tmp_path):
    name, damage, said = DAMAGES[kind]
    checkpoint = Checkpoint(shutil.copytree(saved[0], tmp_path / "run" / "state"))
    damage(checkpoint.folder / name)
    with pytest.raises(RunError, match=said) as found:
        checkpoint.restore_start(spare.network, saved[1])
        checkpoint.best_weights(spare, checkpoint.restore(spare))
    assert str(found.value).endswith(f"or remove {tmp_path / 'run'} and train again")


@pytest.mark.parametrize("damage", [cut, lambda path: path.write_bytes(b""), lambda path: path.write_text("no array")])
def test_state_of_an_older_chestnut_that_cannot_be_read_is_one_clear_error(saved, spare, damage, tmp_path):
    checkpoint = Checkpoint(shutil.copytree(saved[0], tmp_path / "run" / "state"))
    rewrite(hashes={})(checkpoint.folder / "latest.json")
    damage(checkpoint.folder / "epoch-0002.arrays")
    with pytest.raises(RunError, match=r"epoch-0002.arrays was changed or damaged \(cannot be read: .*; restore it"):
        checkpoint.restore(spare)


def test_a_start_of_another_network_is_refused(saved):
    other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    with pytest.raises(RunError, match="was saved by another network"):
        Checkpoint(saved[0]).restore_start(other, saved[1])
