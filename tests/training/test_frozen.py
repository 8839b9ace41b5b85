"""Tests of a frozen part computed once against one computed in every step; of fine-tuning, paces and averages."""

import shutil

import keras
import numpy as np
import pytest

import chestnut as cn
from chestnut.config import AugmentConfig, BackboneConfig, OptimConfig, load_recipe
from chestnut.data.cache import network_outputs as outputs
from chestnut.data.cache.cache import clean, entries
from chestnut.errors import BundleError, DiskError, RecipeError
from chestnut.inference.engines.keras_engine import load_network
from chestnut.runs.folder import RunFolder
from chestnut.training import train as train_module
from chestnut.training.checkpoint import Checkpoint
from chestnut.training.finetune import describe_kept_start, finetune, finetune_recipe
from chestnut.training.frozen import Frozen
from chestnut.training.inputs import Images
from chestnut.training.layer_rates import layer_pace
from chestnut.training.optimizers import averages, optimizer, set_paces, use_averages
from chestnut.training.starting_network import assemble
from chestnut.training.train import Setup
from killing import Killed
from slim_backbones import use_slim

#: VGG-16 has the fewest layers, and is the quickest to trace; `slim_backbones` makes them narrow too.
VGG = (
    *("input.height=32", "input.width=32", "model.network=vgg16", "model.weights=none", "model.dense=[16]"),
    *("model.dense_dropout=0.0", "train.batch_size=8", "train.epochs=2", "train.precision=float32", "train.passes=2"),
    *("data.fractions=[0.6,0.2,0.2]", "train.export=none"),
)


@pytest.fixture(scope="module", autouse=True)
def slim():
    with pytest.MonkeyPatch.context() as patch:
        use_slim(patch, "vgg16")
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("frozen") / "images"
    cn.write_phantom(folder, 40, size=48)
    return cn.load_dataset(folder)


@pytest.fixture(scope="module")
def head(data, tmp_path_factory):
    """A run in which only the head was trained, on kept features, without augmentation."""
    path = tmp_path_factory.mktemp("frozen") / "head"
    return cn.train(data, "vgg16", settings=(*VGG, *_plain()), path=path, audited=False).folder


def _plain():
    """No augmentation; and plain gradient descent, as Adam makes steps of the rounding where a gradient is nearly 0."""
    changes = [f"augment.{name}=0.0" for name in ("rotation", "shift", "zoom")]
    return [*changes, "augment.flip=false", "optim.name=sgd", "optim.learning_rate=0.02"]


def weights(run):
    return load_network(run.bundle / "model.keras").get_weights()


@pytest.mark.slow
def test_cached_features_give_the_same_as_computing_them_in_every_step(data, head, tmp_path):
    settings = (*VGG, *_plain(), "train.passes=0")
    anew = cn.train(data, "vgg16", settings=settings, path=tmp_path / "anew", audited=False).folder
    columns = ["loss", "val_loss"]
    np.testing.assert_allclose(head.history[columns], anew.history[columns], rtol=5e-3, atol=1e-3)
    for kept, computed in zip(weights(head), weights(anew), strict=True):
        np.testing.assert_allclose(kept, computed, atol=5e-3)


@pytest.mark.slow
def test_files_of_a_run_with_a_frozen_part(head):
    record = head.record
    assert (record.cut, record.trained_parameters) == ("average", 32 * 16 + 16 + 2 * 17)
    assert record.parameters > 45_000 > 20 * record.trained_parameters
    assert not head.state.exists()
    assert any(entry.rule == "features-v1" and entry.images for entry in entries())


@pytest.mark.slow
def test_passes_differ_and_are_repeatable(data, monkeypatch):
    recipe = load_recipe("vgg16", [*VGG, "augment.rotation=20", "train.epochs=9"])
    keras.utils.set_random_seed(0)
    part = Frozen(assemble(recipe, 2).parts.frozen, recipe)
    pixels = np.random.default_rng(0).integers(0, 256, (70, 32, 32), dtype=np.uint8)
    images, digests = Images(pixels, recipe.input), [str(row) for row in range(70)]
    bars = Setup.__dataclass_fields__["bars"].default
    first = part.augmented(images, digests, bars)
    rows = np.array([69, 0, 3])
    turned = []
    for epoch in range(4):
        first.set_epoch(epoch)
        turned.append(first.batch(rows))
    assert not np.allclose(turned[0], turned[1])
    np.testing.assert_array_equal(turned[0], turned[2])
    np.testing.assert_array_equal(turned[1], turned[3])
    clean()
    again = part.augmented(images, digests, bars)
    np.testing.assert_array_equal(again.batch(rows), turned[0])
    plain = part.plain(images, digests, bars).batch(rows)
    wanted = part.network.predict_on_batch(images.batch(rows))
    np.testing.assert_allclose(plain, wanted, rtol=2e-3, atol=1e-5)
    monkeypatch.setattr(outputs, "_write", lambda *_: pytest.fail("computed again"))
    np.testing.assert_array_equal(part.augmented(images, digests, bars).batch(rows), turned[0])


def test_a_full_disk_leaves_no_incomplete_features(tmp_path, monkeypatch):
    monkeypatch.setenv("CHESTNUT_CACHE", str(tmp_path))

    def full():
        yield np.ones((2, 3))
        raise OSError(28, "No space left on device")

    with pytest.raises(DiskError, match="no space left"):
        outputs.load_or_compute("0" * 32, (4, 3), full)
    assert list((tmp_path / "features-v1").iterdir()) == []


def test_values_beyond_half_precision_are_clipped(tmp_path, monkeypatch):
    monkeypatch.setenv("CHESTNUT_CACHE", str(tmp_path))
    kept = outputs.load_or_compute("1" * 32, (1, 2), lambda: [np.array([[1e9, -1e9]])])
    np.testing.assert_array_equal(kept, [[65504, -65504]])


@pytest.mark.slow
def test_finetuning_trains_the_top_and_nothing_else(head, tmp_path):
    settings = ["train.epochs=1", "optim.learning_rate=1e-3", "optim.name=adam"]
    finer = finetune(head, Setup(tmp_path / "finer"), unfreeze=0.3, settings=settings)
    before, after = (load_network(run.bundle / "model.keras") for run in (head, finer))
    changed = {
        layer.name
        for layer in before.layers
        if any(
            not np.array_equal(old, new)
            for old, new in zip(layer.get_weights(), after.get_layer(layer.name).get_weights(), strict=True)
        )
    }
    top = {"block5_conv1", "block5_conv2", "block5_conv3"}
    assert changed <= top | {"dense_1", "logits"}
    recipe = finer.recipe
    assert (recipe.name, recipe.model.unfreeze) == ("vgg16-finetuned", 0.3)
    assert recipe.model.weights == str(head.path.resolve())
    assert recipe.augment.contrast > 0
    assert finer.record.cut == "block4_pool"
    assert finer.manifest_file.read_text() == head.manifest_file.read_text()
    start, own = finer.record.start, head.metrics("val")["metrics"]
    assert start["val_loss"] == pytest.approx(own["loss"]["value"], abs=2e-3)


@pytest.mark.slow
def test_a_fine_tuning_killed_before_its_first_epoch_goes_on_from_the_same_weights(head, tmp_path, monkeypatch):
    monkeypatch.setattr(train_module, "_track_and_fit", kill)
    with pytest.raises(Killed):
        finetune(head, Setup(tmp_path / "killed"), settings=["optim.name=adam"])
    run = RunFolder.open(tmp_path / "killed")
    hidden = head.path.rename(head.path.with_name("moved"))  # where the weights came from no longer counts
    try:
        start = train_module._restore_start(run, Checkpoint(run.state), 2)
    finally:
        hidden.rename(head.path)
    assert start.from_run and start.parts.frozen is not None
    for old, new in zip(weights(head), start.network.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def kill(*_, **__):
    raise Killed


@pytest.mark.slow
def test_a_start_that_no_epoch_beats_is_kept(head, tmp_path, caplog):
    settings = ["optim.learning_rate=5", "optim.name=adam", "train.epochs=2"]
    caplog.set_level("WARNING", logger="chestnut")
    finer = finetune(head, Setup(tmp_path / "worse"), settings=settings)
    assert finer.record.best_epoch == 0
    for old, new in zip(weights(head), weights(finer), strict=True):
        np.testing.assert_array_equal(old, new)
    assert finer.metrics("val")["metrics"] == head.metrics("val")["metrics"]
    said = describe_kept_start(finer)
    assert "no epoch was better on validation than the start" in said
    assert finer.record.kept_epoch == "the start of 2"
    assert describe_kept_start(head) == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"unfreeze": 2.0}, "unfreeze=2: give the share of the backbone's layers, above 0 and at most 1"),
        ({"unfreeze": 0.0}, "unfreeze=0: give the share"),
        ({"learning_rate": 0.0}, "learning_rate=0: give a finite number above 0"),
    ],
)
def test_fine_tuning_with_invalid_arguments_is_refused(head, given, said):
    with pytest.raises(RecipeError, match=said):
        finetune_recipe(head, **given)


@pytest.mark.slow
def test_a_run_without_a_bundle_cannot_be_finetuned(head, tmp_path):
    copy = shutil.copytree(head.path, tmp_path / "copy")
    shutil.rmtree(copy / "bundle")
    with pytest.raises(BundleError, match="no bundle"):
        finetune_recipe(RunFolder(copy))


@pytest.mark.slow
def test_another_runs_network_must_be_the_same(head, data, tmp_path):
    settings = (*VGG, f"model.weights={head.path}", "model.dense=[24]")
    with pytest.raises(RecipeError, match=r"has another network .*use its \[model\] table"):
        cn.train(data, "vgg16", settings=settings, path=tmp_path / "other", audited=False)
    assert not (tmp_path / "other").exists()


def test_layers_are_unfrozen_from_the_top_and_move_more_slowly_below():
    config = BackboneConfig(gradual=4, lowest_rate=1e-2)
    rows = [[layer_pace(config, place, 8, epoch) for place in range(8)] for epoch in range(6)]
    assert [sum(pace > 0 for pace in row) for row in rows] == [0, 2, 4, 6, 8, 8]
    assert rows[5] == sorted(rows[5])
    assert rows[5][0] == pytest.approx(0.01)
    ratios = np.diff(np.log(rows[5]))
    np.testing.assert_allclose(ratios, ratios[0])


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd", "rmsprop", "nadam", "lion"])
def test_paces_scale_the_step_of_each_variable(name):
    config = OptimConfig(name=name, learning_rate=0.1, weight_decay=0.01)
    plain = [keras.Variable([1.0, 2.0]), keras.Variable([3.0])]
    moved = [keras.Variable([1.0, 2.0]), keras.Variable([3.0])]
    gradients = [keras.ops.array([0.5, -0.3]), keras.ops.array([2.0])]
    optimizer(config).apply(gradients, plain)
    own = optimizer(config, paced=True)
    own.build(moved)
    set_paces(own, [0.5, 0.0])
    own.apply(gradients, moved)
    step = np.array(plain[0]) - [1, 2]
    np.testing.assert_allclose(np.array(moved[0]) - [1, 2], step / 2, rtol=2e-2)
    np.testing.assert_array_equal(np.array(moved[1]), [3.0])


def test_the_running_average_is_what_the_definition_says():
    variable = keras.Variable([1.0])
    own = optimizer(OptimConfig(name="sgd", learning_rate=0.5), average=0.9)
    own.build([variable])
    value, mean = 1.0, None
    for _ in range(5):
        own.apply([keras.ops.array([1.0])], [variable])
        value -= 0.5
        mean = value if mean is None else 0.9 * mean + 0.1 * value
    own.finalize_variable_values([variable])
    assert float(variable.numpy()[0]) == pytest.approx(value)
    assert float(averages(own)[0][1].numpy()[0]) == pytest.approx(mean, abs=1e-5)
    with use_averages(own):
        assert float(variable.numpy()[0]) == pytest.approx(mean, abs=1e-5)
    assert float(variable.numpy()[0]) == pytest.approx(value)


@pytest.mark.slow
def test_stronger_augmentation_never_weakens_a_recipe(head, tmp_path):
    copy = shutil.copytree(head.path, tmp_path / "copy")
    run = RunFolder(copy)
    strong = run.recipe.model_copy(update={"augment": AugmentConfig(rotation=30.0, flip=True)})
    run.write(run.recipe_file, strong.to_toml())
    made = finetune_recipe(run).augment
    assert (made.rotation, made.flip, made.shift) == (30.0, True, 0.07)
