"""`chestnut compare`: what it prints, and what it refuses before anything is written."""

import json

import pytest

import chestnut as cn
from chestnut.jobs.local_engine import LocalEngine
from inline import TINY, Inline


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compare") / "images"
    cn.write_phantom(folder, 50, size=48)
    return folder


@pytest.fixture
def refused(chestnut):
    """Call the comparison that must fail; checks how, and gives what it said."""

    def call(*words):
        before = set(chestnut.folder.rglob("*"))
        status, out, said = chestnut("compare", *words)
        errors = [line for line in said.splitlines() if line.startswith("error: ")]
        assert status == 2 and len(errors) == 1 and out == "" and "Traceback" not in said, said
        assert set(chestnut.folder.rglob("*")) == before, "something was written"
        return errors[0]

    return call


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--recipes", "mlp,cnn-smal"], "no recipe 'cnn-smal'; did you mean cnn-small"),
        (["--recipes", "mlp"], "1 variant to compare; give two recipes or more, or a grid"),
        (["--recipes", ","], "0 variants to compare"),
        (["--recipes", "mlp,cnn-small", "--fraction", "0"], "--fraction 0: give a share of the training patients"),
        (["--recipes", "mlp,cnn-small", "--fraction", "1.1"], "--fraction 1.1: give a share"),
        (["--recipes", "mlp,cnn-small", "--repeats", "0"], "--repeats 0: give 1 or more"),
        (["--recipes", "mlp,cnn-small", "--epochs", "0"], "--epochs 0: give 1 or more"),
        (["--recipes", "mlp,cnn-small", "--jobs", "0"], "0: give 1 or more"),
        (["--recipes", "mlp", "--grid", "optim.learning_rat=1,2"], "no key 'optim.learning_rat'; did you mean"),
        (["--recipes", "mlp", "--grid", "optim.learning_rate=a,b"], "optim.learning_rate: "),
        (["--recipes", "mlp", "--grid", "optim.learning_rate"], "write KEY=VALUE,VALUE"),
        ([], "give DATA and --recipes A,B to compare, or --resume FOLDER"),
        (["--recipes", "mlp,cnn-small", "--resume", "runs/one"], "--resume continues a comparison with its own terms"),
    ],
)
def test_bad_input_is_one_line_and_nothing_written(refused, images, words, said):
    assert said in refused(images, *words)


def test_a_folder_without_a_comparison_cannot_be_resumed(refused, images):
    assert "is no comparison: it has no plan.json" in refused("--resume", images)


@pytest.fixture
def inline(monkeypatch):
    """Jobs run in this process."""
    monkeypatch.setattr(LocalEngine, "sized", lambda *given: Inline())


@pytest.mark.slow
def test_a_leaderboard_is_printed_and_the_same_command_goes_on(chestnut, images, inline):
    settings = [f"--set={setting}" for setting in TINY if not setting.startswith("cnn")]
    words = ["compare", images, "--recipes", "mlp", "--grid", "optim.learning_rate=1e-2,1e-4", *settings]
    status, out, said = chestnut(*words, "--epochs", 2)
    assert status == 0, said
    assert "mlp-learning_rate=1e-2-s0: epoch   2" in said
    assert "val AUROC" in out and "mlp-learning_rate=1e-4" in out and "validation images of" in out
    assert "Each variant was trained once" in out
    (folder,) = (chestnut.folder / "runs").iterdir()
    assert f"Report: runs/{folder.name}/comparison.html" in out
    assert (folder / "comparison.html").is_file() and (folder / "leaderboard.csv").is_file()
    status, out, said = chestnut(*words, "--epochs", 2, "--json", "-")
    assert status == 0 and "epoch   2" not in said
    found = json.loads(out)
    assert found["comparison"] == f"runs/{folder.name}"
    assert [row["place"] for row in found["rows"]] in ([1, 1], [1, 2])
    assert len(found["pairs"]) == 1
    status, _, said = chestnut(*words, "--epochs", 3, "--name", folder.name)
    assert status == 2 and "differs in the recipes or their settings, epochs" in said
