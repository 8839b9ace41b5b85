"""The pictures of a run that its study has left out are drawn when somebody asks for them."""

import shutil

import pytest

from chestnut.config import Recipe
from chestnut.data.manifest import Manifest
from chestnut.errors import DataError, DiskError
from chestnut.inference.pictures import undrawn
from chestnut.runs.folder import RunFolder
from tiny import TINY


def pictures(run):
    """Return the content of the pictures of a run's training and evaluation by their paths, but those of mistakes."""
    found = [path for kind in ("png", "svg") for path in run.path.rglob(f"*.{kind}") if "mistakes" not in path.parts]
    named = {path.relative_to(run.path).as_posix(): path for path in found}
    return {name: path.read_bytes() for name, path in named.items() if name.startswith(("figures/", "evaluation/"))}


@pytest.fixture
def bare(workspace, tmp_path):
    """Copy a run as a study makes it, without pictures."""
    run = RunFolder(tmp_path / "trial")
    shutil.copytree(workspace.run, run.path)
    (run.figures / "guard.png").unlink(missing_ok=True)  # a study fits no guard
    shutil.rmtree(run.figures / "audit", ignore_errors=True)  # and makes no audit
    expected = set(pictures(run))
    for name in expected:
        (run.path / name).unlink()
    run.update(undrawn=True)
    return run, expected


@pytest.mark.parametrize("words", [("report",), ("evaluate", "--split", "val")])
def test_asking_draws_them_once_and_says_so(words, bare, chestnut):
    run, expected = bare
    command, *options = words
    status, _, said = chestnut(command, run.path, *options)
    assert status == 0 and said.count("drew the pictures of trial, which its study had left out") == 1
    assert set(pictures(run)) == expected >= {"figures/samples.png", "figures/history.svg", "evaluation/val/roc.png"}
    status, _, said = chestnut(command, run.path, *options)
    assert status == 0 and "drew" not in said


def test_nothing_is_written_at_another_threshold(bare, chestnut):
    run, _ = bare
    status, *_ = chestnut("evaluate", run.path, "--split", "val", "--threshold", 0.3)
    assert status == 0 and not pictures(run) and run.record.undrawn


def test_images_that_have_changed_leave_out_the_samples(bare, chestnut, monkeypatch):
    run, expected = bare

    def refuse(manifest, spec):
        raise DataError("1 images have changed since the run was trained (a.png)")

    monkeypatch.setattr(undrawn, "decode_unchanged", refuse)
    status, _, said = chestnut("report", run.path)
    assert status == 0 and "trial gets no picture of its training images: 1 images have changed" in said
    assert set(pictures(run)) == expected - {"figures/samples.png"}


def test_the_page_of_a_run_that_cannot_be_changed_is_written_without_them(bare, chestnut, monkeypatch):
    run, _ = bare

    def refuse(run, bars):
        raise DiskError("cannot write figures/samples.png: read-only file system")

    monkeypatch.setattr(undrawn, "draw_undrawn", refuse)
    status, _, said = chestnut("report", run.path, "--out", "page.html")
    assert status == 0 and (chestnut.folder / "page.html").is_file() and not pictures(run)
    assert "trial stays without pictures: cannot write figures/samples.png" in " ".join(said.split())


@pytest.mark.slow
@pytest.mark.drawn
def test_they_are_those_that_training_alone_draws(workspace, tmp_path):
    from chestnut.training.train import Setup, train

    shown = RunFolder(workspace.run)
    manifest = Manifest.parse(shown.manifest_file.read_bytes(), shown.manifest_file, shown.facts)
    recipe = Recipe(name="tiny").changed([word.removeprefix("--set=") for word in TINY])
    alone, trial = (
        train(manifest, recipe, Setup(tmp_path / name, audited=False, for_use=name == "alone"))
        for name in ("alone", "trial")
    )
    assert not pictures(trial) and trial.record.undrawn and not alone.record.undrawn
    (alone.figures / "guard.png").unlink(missing_ok=True)
    assert undrawn.draw_undrawn(trial) and not undrawn.draw_undrawn(trial)
    assert pictures(trial) == pictures(alone) != {}
    assert trial.metrics("val")["metrics"] == alone.metrics("val")["metrics"]
