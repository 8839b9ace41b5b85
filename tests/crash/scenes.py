"""The commands that are stopped: what each needs, how it is called, and how its user goes on afterwards."""

import shutil
import sys
from collections.abc import Callable
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

from inline import Inline

Words = tuple[str, ...]

_SMALL = ("input.height=32", "input.width=32", "train.precision=float32", "data.fractions=[0.6,0.2,0.2]")
_CNN = (*_SMALL, "model.filters=[4]", "model.dense=[8]")
#: Without the network as ONNX, which takes as long as the rest of a training; `train` and `export` write it.
_BACKBONE = (*_SMALL, "model.dense=[4]", "train.passes=1", "model.weights=small.weights.h5", "train.export=none")

#: A recipe that trains in a second, for the demo.
_RECIPE = """
name = "tiny"
summary = "one convolution"
[input]
height = 32
width = 32
[model]
network = "cnn"
filters = [4]
dense = [8]
[train]
epochs = 1
precision = "float32"
"""


def _set(*settings):
    return tuple(f"--set={setting}" for setting in settings)


@dataclass(frozen=True)
class Scene:
    """A command that is stopped.

    Attributes:
        name: A name for the table.
        words: The command.
        before: What is done before it: commands, or functions of the folder.
        go_on: Returns the commands by which its user goes on, from the folder and the command.
        whole: Folders that must be absent, as before or complete, whenever it is stopped.
    """

    name: str
    words: Words
    before: tuple[Words | Callable[[Path], None], ...]
    go_on: Callable[[Path, Words], list[Words]]
    whole: tuple[str, ...] = field(default=())


def call(words):
    """Run a command of chestnut in this process, with the jobs of studies in it too; returns its exit status."""
    from chestnut import cli

    sys.argv = ["chestnut", *words]
    with _jobs_inline():
        cli.main()


@contextmanager
def _jobs_inline():
    from chestnut.jobs.engine_choice import EngineChoice

    before = EngineChoice.open, EngineChoice.prepared
    EngineChoice.open = lambda self, threads: nullcontext(Inline())
    EngineChoice.prepared = lambda self, threads: nullcontext(self)
    try:
        yield
    finally:
        EngineChoice.open, EngineChoice.prepared = before


def small_backbone():
    """Let three small convolutions stand in for VGG16, whose weights fill 60 MB."""
    import keras

    from chestnut.models import backbones

    def application(include_top, weights, input_tensor=None, input_shape=None):
        x = keras.Input(input_shape) if input_tensor is None else input_tensor
        images = keras.utils.get_source_inputs(x)
        for number in range(3):
            x = keras.layers.Conv2D(4, 3, strides=2, padding="same", activation="relu", name=f"block{number}")(x)
        return keras.Model(images, x)

    keras.applications.SmallNet = application
    backbones.BACKBONES["vgg16"] = replace(backbones.BACKBONES["vgg16"], application="SmallNet")


def _write_weights(work):
    import keras

    from chestnut.models.backbones import BACKBONES

    keras.utils.set_random_seed(7)
    BACKBONES["vgg16"].make(input_shape=(32, 32, 3)).save_weights(work / "small.weights.h5")


def _write_recipe(work):
    (work / "tiny.toml").write_text(_RECIPE)


def _drop_cache(work):
    shutil.rmtree(work / "cache", ignore_errors=True)


def _again(work, words):
    return [words]


def _unless(*made):
    """Give the command again unless what it makes is there."""

    def go_on(work, words):
        return [] if all((work / name).exists() for name in made) else [words]

    return go_on


def _forced(*made):
    """Give the command again; where a file stands that it made, with --force."""

    def go_on(work, words):
        return [(*words, "--force") if any((work / name).exists() for name in made) else words]

    return go_on


def _resumed(run):
    def go_on(work, words):
        from chestnut.runs.folder import RunFolder

        if not (work / run / "environment.json").is_file():
            return [words]
        done = RunFolder.open(work / run).finished and not (work / run / "state").exists()
        return [] if done else [("train", "--resume", run)]

    return go_on


def _continued(folder, plan):
    def go_on(work, words):
        return [(words[0], "--resume", folder)] if (work / folder / plan).is_file() else [words]

    return go_on


_IMAGES = ("phantom", "images", "--patients", "30", "--size", "32")
_FILL = ("audit", "images", "--size", "32")
_ALONE = ("--no-audit", "--threads", "1")
_TRAIN = ("train", "images", "--name", "one", *_ALONE)
_SECOND = ("train", "images", "--name", "two", *_ALONE, *_set(*_CNN, "train.epochs=1", "seed=1", "train.export=none"))
_ONE = (*_TRAIN, *_set(*_CNN, "train.epochs=2"))
_HEAD = (*_TRAIN, "--recipe", "vgg16", *_set(*_BACKBONE, "train.epochs=2"))
_STUDY = ("--set=input.height=32", "--set=input.width=32", *_set(*_SMALL[2:]))
_PREPARED = (_IMAGES, _FILL)

SCENES = {
    scene.name: scene
    for scene in (
        Scene("train", _ONE, _PREPARED, _resumed("runs/one"), ("runs/one/bundle",)),
        Scene("train, pretrained", _HEAD, (*_PREPARED, _write_weights), _resumed("runs/one"), ("runs/one/bundle",)),
        Scene(
            "finetune",
            ("finetune", "runs/one", "--name", "finer", "--unfreeze", "0.5", *_set("train.epochs=2", "train.passes=0")),
            (*_PREPARED, _write_weights, _HEAD),
            _resumed("runs/finer"),
            ("runs/finer/bundle",),
        ),
        Scene(
            "ensemble",
            ("ensemble", "runs/one", "runs/two", "--name", "both"),
            (*_PREPARED, _ONE, _SECOND),
            _unless("runs/both"),
            ("runs/both",),
        ),
        Scene(
            "compare",
            (
                *("compare", "images", "--recipes", "mlp,cnn-small", "--epochs", "1", "--name", "study", *_STUDY),
                *_set("cnn-small:model.filters=[4]", "cnn-small:model.dense=[8]", "mlp:model.dense=[8]"),
            ),
            _PREPARED,
            _continued("runs/study", "plan.json"),
        ),
        Scene(
            "crossval",
            (
                *("crossval", "images", "--recipe", "cnn-small", "--folds", "2", "--epochs", "1", "--name", "study"),
                *(*_STUDY, *_set("model.filters=[4]", "model.dense=[8]")),
            ),
            _PREPARED,
            _continued("runs/study", "crossplan.json"),
        ),
        Scene(
            "tune",
            (
                *("tune", "images", "--recipe", "cnn-small", "--trials", "2", "--executions", "1", "--epochs", "1"),
                *("--name", "study", *_STUDY, *_set("model.filters=[4]", "model.dense=[8]")),
                "--set=search={optim.learning_rate={float=[1e-4,1e-2],log=true}}",
            ),
            _PREPARED,
            _continued("runs/study", "tuneplan.json"),
        ),
        Scene("split", ("split", "images", "--out", "split.csv"), _PREPARED, _unless("split.csv")),
        Scene(
            "predict",
            ("predict", "runs/one", "images", "--csv", "answers.csv", "--json", "answers.json"),
            (*_PREPARED, _ONE),
            _forced("answers.csv", "answers.json"),
        ),
        Scene(
            "audit",
            ("audit", "images", "--size", "32", "--out", "audit", "--json", "audit.json"),
            (_IMAGES, _drop_cache),
            _forced("audit/audit.json", "audit/audit.html", "audit.json"),
        ),
        Scene(
            "evaluate",
            ("evaluate", "runs/one", "--split", "test", "--json", "figures.json"),
            (*_PREPARED, _ONE),
            _forced("figures.json"),
        ),
        Scene("calibrate", ("calibrate", "runs/one", "--json", "one.json"), (*_PREPARED, _ONE), _forced("one.json")),
        Scene(
            "threshold",
            ("threshold", "runs/one", "--rule", "fixed=0.4", "--json", "one.json"),
            (*_PREPARED, _ONE),
            _forced("one.json"),
        ),
        Scene(
            "export",
            ("export", "runs/one", "--format", "keras", "--format", "onnx"),
            (*_PREPARED, _ONE),
            _again,
            ("runs/one/export/keras", "runs/one/export/onnx"),
        ),
        Scene("report", ("report", "runs/one", "--json", "report.json"), (*_PREPARED, _ONE), _forced("report.json")),
        Scene("cache --clean", ("cache", "--clean"), (*_PREPARED, ("audit", "images", "--size", "48")), _again),
        Scene("phantom", ("phantom", "images", "--patients", "4", "--size", "32"), (), _unless("images"), ("images",)),
        Scene(
            "augment",
            ("augment", "images", "more", "--only-class", "NORMAL"),
            (("phantom", "images", "--patients", "4", "--size", "32"),),
            _unless("more"),
            ("more",),
        ),
        Scene(
            "demo",
            ("demo", "--out", "demo", "--patients", "40", "--recipe", "tiny.toml"),
            (_write_recipe,),
            lambda work, words: [(*words, "--force")] if (work / "demo").exists() else [words],
            ("demo/images", "demo/run/bundle"),
        ),
    )
}
