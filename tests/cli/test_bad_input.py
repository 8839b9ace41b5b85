"""Bad input: one line that says what was given and what to do, exit status 2, and nothing half-written."""

import json
import os
import resource
import shutil
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import chestnut as chestnut_package
from rewriting import change
from tiny import TINY


@pytest.fixture
def images(tmp_path):
    """A good data set: two classes of twelve images, a patient each."""
    folder, random = tmp_path / "images", np.random.default_rng(0)
    for label in ("NORMAL", "PNEUMONIA"):
        (folder / label).mkdir(parents=True)
        for number in range(12):
            pixels = random.integers(0, 256, (40, 40), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / label / f"{label}-{number}.png")
    return folder


@pytest.fixture
def refused(chestnut, tmp_path):
    """Call a command line that must fail; checks how, and gives what it said."""

    def call(*words):
        before = set(tmp_path.rglob("*"))
        status, out, said = chestnut(*words)
        errors = [line for line in said.splitlines() if line.startswith("error: ")]
        assert status == 2, said
        assert len(errors) == 1 and out == "" and "Traceback" not in said
        assert {path.name for path in set(tmp_path.rglob("*")) - before} <= {"runs"}, "something was left half-written"
        assert not list((tmp_path / "runs").glob("*")) if (tmp_path / "runs").exists() else True
        return errors[0]

    return call


def train(images):
    return ("train", images, "--no-audit", *TINY)


def png_header(width, height):
    """A PNG that declares a size and holds no pixels."""
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
    return b"\x89PNG\r\n\x1a\n" + chunk + b"\x00\x00\x00\x00IDAT\x35\xaf\x06\x1e"


def test_no_such_folder(refused, tmp_path):
    assert "nowhere" in refused(*train(tmp_path / "nowhere"))


def test_an_empty_folder(refused, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "empty" in refused(*train(tmp_path / "empty"))


def test_one_class_only(refused, images):
    shutil.rmtree(images / "NORMAL")
    assert "one class" in refused(*train(images)).lower()


def test_a_label_missing(refused, images, tmp_path):
    table = tmp_path / "table.csv"
    files = sorted(images.rglob("*.png"))
    table.write_text(
        "path,label\n" + "".join(f"{file},{'' if i == 3 else file.parent.name}\n" for i, file in enumerate(files))
    )
    assert "label" in refused(*train(table))


def test_a_csv_with_a_missing_column(refused, images, tmp_path):
    table = tmp_path / "table.csv"
    table.write_text(f"path,colour\n{next(images.rglob('*.png'))},red\n")
    said = refused(*train(table))
    assert "label" in said and "colour" in said


def test_a_csv_naming_a_missing_file(refused, images, tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("path,label\nimages/NORMAL/gone.png,NORMAL\nimages/NORMAL/NORMAL-1.png,PNEUMONIA\n")
    assert "gone.png" in refused(*train(table))


BROKEN = {
    "truncated": lambda good: good[: len(good) // 2],
    "zero bytes": lambda good: b"",
    "text": lambda good: b"this is not an image\n" * 20,
    "bomb": lambda good: png_header(30_000, 30_000),
}


def test_unreadable_images_stop_before_training_and_can_be_skipped(refused, chestnut, images, tmp_path):
    broken = []
    for number, (fault, damage) in enumerate(BROKEN.items()):
        path = images / "NORMAL" / f"NORMAL-{number}.png"
        path = path.rename(path.with_suffix(".jpg")) if fault == "text" else path
        whole = path.read_bytes()
        path.write_bytes(damage(whole))
        said = refused(*train(images))
        assert path.name in said and "leave them out with --skip-bad" in said
        broken.append((path, whole))
        path.write_bytes(whole)
    for (path, whole), damage in zip(broken, BROKEN.values(), strict=True):
        path.write_bytes(damage(whole))
    status, _, said = chestnut(*train(images), "--skip-bad", "--name", "skipped", "--set=data.fractions=[0.5,0.3,0.2]")
    assert status == 0, said
    facts = json.loads((tmp_path / "runs" / "skipped" / "data.json").read_text())
    assert facts["images"] == 24 - len(BROKEN)
    assert {Path(fault.partition(":")[0]).name for fault in facts["skipped"]} == {path.name for path, _ in broken}


def test_a_symlink_loop(refused, images):
    (images / "NORMAL" / "again").symlink_to(images, target_is_directory=True)
    assert "again" in refused(*train(images)) or "link" in refused(*train(images))


@pytest.mark.parametrize("name", [b"new\nline.png", b"bad\xff.png"])
def test_a_name_with_newline_or_non_utf8_bytes(refused, images, name):
    shutil.copy(images / "NORMAL" / "NORMAL-1.png", os.fsencode(images / "NORMAL") + b"/" + name)
    assert "rename" in refused(*train(images))


def test_an_unknown_recipe(refused, images):
    assert "did you mean cnn-small" in refused("train", images, "--recipe", "cnn-smal")


@pytest.mark.parametrize(
    ("setting", "said"), [("model.dropuot=0.3", "did you mean model.dropout"), ("train.epochs=many", "given 'many'")]
)
def test_an_unknown_or_ill_typed_setting(refused, images, setting, said):
    assert said in refused("train", images, "--set", setting)


def test_a_run_that_exists(refused, images, workspace):
    said = refused("train", images, "--runs", workspace.run.parent, "--name", workspace.run.name)
    assert "exists already" in said


def test_data_and_resume_together(refused, images, workspace):
    assert "leave out DATA" in refused("train", images, "--resume", workspace.run)
    assert "has finished" in refused("train", "--resume", workspace.run)


def test_a_run_of_a_newer_version(refused, workspace, tmp_path):
    run = shutil.copytree(workspace.run, tmp_path / "copy")
    change(run / "environment.json", format=99)
    assert "newer chestnut" in refused("evaluate", run)
    assert "newer chestnut" in refused("report", run)


def test_a_bundle_that_was_tampered_with(refused, workspace, tmp_path):
    run = shutil.copytree(workspace.run, tmp_path / "copy")
    with (run / "bundle" / "model.keras").open("ab") as file:
        file.write(b"x")
    image = next(workspace.images.rglob("*.jpeg"))
    assert "was changed after training" in refused("predict", run, image)
    (run / "bundle" / "model.keras").unlink()
    assert "is missing from the bundle" in refused("predict", run, image)


@pytest.mark.parametrize(
    ("name", "pair"), [("manifest.csv", ("train", "test")), ("data.json", ("NORMAL", "PNEUMONIA"))]
)
def test_splits_or_classes_that_were_edited(refused, workspace, tmp_path, name, pair):
    run = shutil.copytree(workspace.run, tmp_path / "copy")
    text, (one, other) = (run / name).read_text(), pair
    (run / name).write_text(text.replace(one, "~").replace(other, one).replace("~", other))
    for split in ("test", "val"):
        assert f"{name} was changed after chestnut wrote it" in refused("evaluate", run, "--split", split)
    assert not (run / "ledger.json").exists()


def test_a_bundle_of_a_newer_version(refused, workspace, tmp_path):
    run = shutil.copytree(workspace.run, tmp_path / "copy")
    change(run / "bundle" / "bundle.json", format=99)
    assert "newer chestnut" in refused("evaluate", run)


def test_another_data_set_with_strange_classes(refused, workspace, images):
    (images / "NORMAL").rename(images / "COVID")
    assert "classes COVID, PNEUMONIA, and the run knows NORMAL, PNEUMONIA" in refused("evaluate", workspace.run, images)


def test_an_unknown_split(refused, workspace):
    assert "no split 'tset'; did you mean test" in refused("evaluate", workspace.run, "--split", "tset")


def test_options_of_data_without_data(refused, workspace):
    assert "give DATA" in refused("evaluate", workspace.run, "--positive", "NORMAL")


def test_a_loss_that_is_not_finite(chestnut, images, tmp_path):
    status, _, said = chestnut(
        *train(images), "--name", "wild", "--set=optim.name=sgd", "--set=optim.learning_rate=1e30"
    )
    assert status == 2
    assert "in epoch 1" in said and "the rate is too high; try --set optim.learning_rate" in said
    assert json.loads((tmp_path / "runs" / "wild" / "environment.json").read_text())["status"] == "failed"


@pytest.mark.slow
def test_a_full_disk(images, tmp_path):
    """A real limit: no file of the process may pass 20 kB, as if the disk were full from there on."""
    before = {path for path in tmp_path.rglob("*") if "cache" not in path.parts}
    program = (
        f"import sys; sys.argv = ['chestnut', *{[*map(str, train(images))]!r}]; import chestnut.cli as c; c.main()"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=os.environ | {"CHESTNUT_CACHE": str(tmp_path / "cache"), "PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 2, answer.stderr
    assert "error: cannot write" in answer.stderr and "free some space" in answer.stderr
    after = {path for path in tmp_path.rglob("*") if "cache" not in path.parts}
    assert {path.name for path in after - before} <= {"runs"}
    assert not list((tmp_path / "cache").rglob("*.npy"))


def test_pickle_is_never_loaded():
    """Nothing in the sources unpickles a file, or lets NumPy or Keras do so."""
    source = Path(chestnut_package.__file__).parent
    pipes = {source / "jobs" / "ray" / name for name in ("driver.py", "driver_process.py")}  # to our own child process
    sources = {path: path.read_text() for path in source.rglob("*.py")}
    assert {path for path, text in sources.items() if "import pickle" in text} == pipes
    assert not [path for path, text in sources.items() if "allow_pickle=True" in text or "safe_mode=False" in text]
