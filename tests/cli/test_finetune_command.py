"""`chestnut finetune` and backbones on the command line, mostly by what they refuse."""

import json
import shutil

import pytest

from slim_backbones import use_slim

BACKBONE = (
    *("--recipe", "vgg16", "--no-audit", "--set=input.height=32", "--set=input.width=32", "--set=model.dense=[8]"),
    *("--set=train.epochs=1", "--set=train.precision=float32", "--set=data.fractions=[0.6,0.2,0.2]"),
    *("--set=train.passes=1", "--set=train.batch_size=16", "--set=train.export=none"),
)


@pytest.mark.slow
def test_a_backbone_is_trained_and_finetuned_from_the_command_line(workspace, chestnut, monkeypatch):
    use_slim(monkeypatch, "vgg16")
    status, _, said = chestnut("train", workspace.images, *BACKBONE, "--set=model.weights=none", "--name", "head")
    assert status == 0, said
    status, out, said = chestnut(
        "finetune", "runs/head", "--unfreeze", "0.2", "--set=train.epochs=1", "--set=train.passes=0", "--json", "-"
    )
    assert status == 0, said
    told = json.loads(out)
    assert told["run"].endswith("runs/head-finetuned-1")
    assert (chestnut.folder / "runs/head/bundle/model.keras").is_file()
    assert 0 < told["trained_parameters"] < told["parameters"]
    assert told["start"].keys() >= {"val_loss", "val_auroc"}
    status, out, said = chestnut("info", "runs/head-finetuned-1")
    assert (status, "vgg16-finetuned" in out) == (0, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["--unfreeze", "2"],
            "runs/one is a cnn, which is trained as a whole and has nothing to unfreeze; give a run of a backbone",
        ),
        (["--name", "one"], "runs/one exists already; choose another name"),
        (["--set", "optim.rate=1"], "has nothing to unfreeze"),
    ],
)
def test_what_is_no_backbone_is_not_finetuned(workspace, chestnut, words, said):
    shutil.copytree(workspace.run, chestnut.folder / "runs" / "one")
    status, _, error = chestnut("finetune", "runs/one", *words)
    assert (status, said in error) == (2, True), error
    assert [item.name for item in (chestnut.folder / "runs").iterdir()] == ["one"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["model.network=resnet51"], "no network 'resnet51'; did you mean resnet50"),
        (
            ["model.weights=missing.h5"],
            "model.weights: no file missing.h5; give imagenet, none, a weights file of vgg16",
        ),
        (["model.weights=notes.weights.h5"], "notes.weights.h5 does not contain the weights of vgg16"),
        (["model.network=inception-v3", "model.weights=none"], "32×32 is too small for inception-v3, which takes 75"),
        (["input.channels=2"], "input.channels: input should be 1 or 3, given 2"),
        (["model.unfreeze=2.0"], "model.unfreeze: input should be less than or equal to 1, given 2.0"),
    ],
)
def test_a_backbone_that_cannot_be_is_refused(workspace, chestnut, settings, said):
    (chestnut.folder / "notes.weights.h5").write_text("no weights")
    words = [f"--set={setting}" for setting in settings]
    status, _, error = chestnut("train", workspace.images, *BACKBONE, *words)
    assert (status, said in error) == (2, True), error
    assert not (chestnut.folder / "runs").exists()
