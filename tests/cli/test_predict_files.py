"""What `predict` takes and writes: a bundle alone, a CSV of paths, files that cannot be read, and long lists."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import chestnut as cn
from chestnut.data.sources.image_list import ImageList
from chestnut.errors import DataError, RunError
from chestnut.inference import predictions, predictor
from chestnut.runs.folder import RunFolder
from onnx_bundle import write_onnx_bundle


@pytest.fixture
def bundle(chestnut):
    """A bundle without a run: the brighter an image, the more positive; the threshold is passed at a mean of 92."""
    run = write_onnx_bundle(chestnut.folder / "run")
    return Path(shutil.move(run / "bundle", chestnut.folder / "alone"))


@pytest.fixture
def images(chestnut):
    """Twelve images of rising brightness, of which the fourth and the last cannot be read."""
    folder = chestnut.folder / "images"
    folder.mkdir()
    for number in range(12):
        Image.fromarray(np.full((40, 40), 10 + 20 * number, np.uint8)).save(folder / f"{number:02}.png")
    (folder / "03.png").write_bytes(b"no image")
    (folder / "11.png").write_bytes((folder / "10.png").read_bytes()[:60])
    return folder


def test_a_bundle_alone_predicts_without_keras(bundle, images, chestnut):
    assert chestnut("predict", bundle, images, "--json", "out.json")[0] == 0
    found = json.loads((chestnut.folder / "out.json").read_text())
    assert [Path(one["path"]).name for one in found["images"]] == [f"{n:02}.png" for n in range(11) if n != 3]
    assert found["decisions"] == {"NORMAL": 4, "PNEUMONIA": 6} and found["overlap"] is None
    _, said, advice = chestnut("predict", bundle, images)
    assert "does not say whether it was trained on these images" in " ".join(said.split()) and advice == ""


def test_a_bundle_inside_its_run_is_the_run(workspace, chestnut):
    image = pd.read_csv(workspace.run / "manifest.csv").query("split == 'train'")["path"].iloc[0]
    said = chestnut("predict", workspace.run / "bundle", image)[1]
    assert "1 of 1 images was used in training" in " ".join(said.split())


def test_a_folder_without_either_is_refused(chestnut, images):
    status, _, said = chestnut("predict", images, images)
    assert status == 2 and "is not a run folder" in said


def test_a_file_that_cannot_be_read_is_a_row_with_its_error(bundle, images, chestnut):
    status, said, _ = chestnut("predict", bundle, images, "--csv", "out.csv")
    assert status == 0
    assert "2 files could not be read: " in said and "03.png" in said.replace("\n", "")
    table = pd.read_csv(chestnut.folder / "out.csv")
    assert [Path(path).name for path in table["path"]] == [f"{number:02}.png" for number in range(12)]
    bad = table["error"].notna()
    assert list(table.index[bad]) == [3, 11]
    assert table.loc[bad].drop(columns=["path", "error"]).isna().all(axis=None)
    assert table.loc[~bad].drop(columns="error").notna().all(axis=None)
    assert "is not an image" in table["error"][3] and "is truncated" in table["error"][11]
    found = json.loads(chestnut("predict", bundle, images, "--json", "-")[1])
    assert [Path(one["path"]).name for one in found["errors"]] == ["03.png", "11.png"]
    assert [one["error"] for one in found["errors"]] == table["error"].dropna().tolist()


def test_rows_of_bad_files_are_left_out_on_request(bundle, images, chestnut):
    assert chestnut("predict", bundle, images, "--csv", "out.csv", "--skip-bad")[0] == 0
    table = pd.read_csv(chestnut.folder / "out.csv")
    assert "error" not in table and len(table) == 10


def test_not_one_file_can_be_read(bundle, images, chestnut):
    status, _, said = chestnut("predict", bundle, images / "03.png", images / "11.png", "--csv", "out.csv")
    assert status == 2 and "none of the 2 images can be read (" in said and "03.png: is not an image" in said


def test_the_python_api_raises_unless_told_otherwise(bundle, images, monkeypatch):
    with pytest.raises(DataError, match=r"2 of 12 images cannot be read .* skip_bad=True"):
        cn.predict(bundle, images, quiet=True)
    found = cn.predict(bundle, images, skip_bad=True, quiet=True)
    assert len(found.paths) == 10 and found.bad_rows == (3, 11)
    assert found.frame(errors=True)["path"].tolist() == [str(path) for path in sorted(images.iterdir())]


def test_a_csv_needs_paths_alone(bundle, images, chestnut):
    (chestnut.folder / "list.csv").write_text(
        "Image Index;note\nimages/05.png;a\n\nimages/00.png;\n images/05.png ;again\nimages/gone.png;\n"
    )
    assert chestnut("predict", bundle, "list.csv", "--csv", "out.csv")[0] == 0
    table = pd.read_csv(chestnut.folder / "out.csv")
    assert [Path(path).name for path in table["path"]] == ["05.png", "00.png", "gone.png"]
    assert table["error"].isna().tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a,b\n1,2\n", "has no column of paths: call it path"),
        ("path,label\n,NORMAL\n", "line 2 has no path; fill it in"),
        ("path,label\nx.png\n,\nb\x07.png,\n", "line 4 ('b\\x07.png') has a control character"),
        ("path\n", "has no rows below its heading"),
        ("", "has no column of paths"),
        ("path\n" + "x" * 5000, "line 2 has a path of 5,000 characters"),
        ('path\n"never closed\nx.png\n', "control character"),
    ],
)
def test_a_csv_that_is_none(bundle, chestnut, content, said):
    (chestnut.folder / "list.csv").write_text(content)
    status, _, told = chestnut("predict", bundle, "list.csv")
    assert status == 2 and said in told and len(told.splitlines()) == 1


def test_a_list_of_images_keeps_order_and_drops_repeats(tmp_path):
    for number in range(1500):
        (tmp_path / f"{number:04}.png").touch()
    once = ImageList.find([tmp_path])
    again = ImageList.find([tmp_path / "0007.png", tmp_path, str(tmp_path / "*.png")])
    names = [str(tmp_path / f"{number:04}.png") for number in range(1500)]
    assert list(once) == names and len(once) == 1500
    assert list(again) == [names[7], *names[:7], *names[8:]]
    assert list(once.after(1030)) == names[1030:] and list(once.after(1500)) == []
    assert once.digest != again.digest == ImageList(again).digest


@pytest.fixture
def chunks_of_two(monkeypatch):
    """Divide images into chunks of two, so that twelve are a long list."""
    monkeypatch.setattr(predictions, "CHUNK", 2)


def stop_after(monkeypatch, count):
    """Let a call raise after so many parts, as if it were stopped; returns what was computed since."""
    computed, original = [], predictor.Predictor._read_and_compute

    def compute(self, paths):
        if len(computed) >= count:
            raise KeyboardInterrupt
        computed.extend(paths)
        return original(self, paths)

    monkeypatch.setattr(predictor.Predictor, "_read_and_compute", compute)
    return computed


def test_a_csv_goes_on_where_it_was_stopped(bundle, images, chestnut, chunks_of_two, monkeypatch):
    words = ["predict", bundle, images, "--csv", "out.csv"]
    assert chestnut(*words)[0] == 0
    whole = (chestnut.folder / "out.csv").read_bytes()
    assert not (chestnut.folder / "out.csv.part").exists()
    (chestnut.folder / "out.csv").unlink()
    with monkeypatch.context() as patched:
        stop_after(patched, 6)
        status, _, said = chestnut(*words)
    assert status == 130 and "predictions so far are kept in out.csv.part; the same command goes on" in said
    assert not (chestnut.folder / "out.csv").exists()
    kept = len((chestnut.folder / "out.csv.part").read_text().splitlines()) - 1
    assert 1 <= kept <= 3
    with monkeypatch.context() as patched:
        computed = stop_after(patched, 99)
        status, said, _ = chestnut(*words)
    assert status == 0 and "10 images: 4 NORMAL, 6 PNEUMONIA" in said and "2 files could not be read" in said
    assert len(computed) == 12 - 2 * kept
    assert (chestnut.folder / "out.csv").read_bytes() == whole
    assert not (chestnut.folder / "out.csv.part").exists()


def test_a_beginning_of_other_predictions_is_refused_unless_forced(
    bundle, images, chestnut, chunks_of_two, monkeypatch
):
    words = ["predict", bundle, images, "--csv", "out.csv"]
    with monkeypatch.context() as patched:
        stop_after(patched, 6)
        chestnut(*words)
    before = (chestnut.folder / "out.csv.part").read_bytes()
    other = write_onnx_bundle(chestnut.folder / "other", threshold=0.9) / "bundle"
    for changed, what in (
        (["predict", bundle, images / "00.png", images / "0[1-9].png", "--csv", "out.csv"], "images"),
        ([*words, "--on-outlier", "ignore"], "guard"),
        ([*words, "--engine", "keras"], "engine"),
        (["predict", other, *words[2:]], "bundle"),
    ):
        status, _, said = chestnut(*changed)
        assert status == 2 and f"is the beginning of other predictions (it has other {what})" in said
        assert "or overwrite it with --force" in said
        assert (chestnut.folder / "out.csv.part").read_bytes() == before
    assert chestnut("predict", other, *words[2:], "--force")[0] == 0
    assert not (chestnut.folder / "out.csv.part").exists()


def test_a_csv_is_not_written_into_a_run_or_over_another(bundle, images, workspace, tmp_path):
    with pytest.raises(RunError, match="inside the run"):
        cn.predict_csv(bundle, images, RunFolder(workspace.run).path / "out.csv", quiet=True)
    cn.predict_csv(bundle, images, tmp_path / "out.csv", quiet=True)
    with pytest.raises(DataError, match=r"out\.csv exists already"):
        cn.predict_csv(bundle, images, tmp_path / "out.csv", quiet=True)
    assert cn.predict_csv(bundle, images, tmp_path / "out.csv", force=True, quiet=True).images == 10


def test_a_pipe_receives_the_rows(bundle, images, chestnut):
    reader, writer = os.pipe()
    assert chestnut("predict", bundle, images, "--csv", f"/dev/fd/{writer}")[0] == 0
    os.close(writer)
    with os.fdopen(reader) as file:
        assert len(file.readlines()) == 13


def test_more_threads_give_the_same_rows(bundle, images, chestnut):
    for jobs in (1, 5):
        assert chestnut("predict", bundle, images, "--csv", f"{jobs}.csv", "--jobs", jobs)[0] == 0
    assert (chestnut.folder / "1.csv").read_bytes() == (chestnut.folder / "5.csv").read_bytes()
