"""`chestnut explain RUN --check`: figures on maps in the folder of the run, or one line and nothing written."""

import json
import shutil

import pytest

from chestnut.api import run as cn


@pytest.fixture
def run(workspace, tmp_path):
    """Return a copy of the run, which may be changed."""
    return shutil.copytree(workspace.run, tmp_path / "one")


@pytest.mark.slow
@pytest.mark.drawn
def test_a_check_is_written_read_and_printed(chestnut, run):
    from chestnut.explain.checks.file import read_check

    words = ("explain", run, "--check", "--methods", "occlusion,gradcam", "--images", 8, "--retrain")
    status, said, _ = chestnut(*words, "--json", "check.json")
    assert status == 0
    held = json.loads((chestnut.folder / "check.json").read_text())
    found = read_check(cn.open_run(run).folder)
    assert json.loads(json.dumps({"run": str(run), **found.to_dict()})) == held
    assert sorted(path.name for path in (run / "explain" / "check").iterdir()) == [
        "check.json", *(["places.png", "places.svg"] if found.without_lungs < 8 else []), "tests.png", "tests.svg",
    ]  # fmt: skip
    assert (found.images, found.patients, found.split, found.redrawn_images) == (8, 8, "val", 8)
    assert found.counts == {"NORMAL": 4, "PNEUMONIA": 4}
    assert [one.method for one in found.methods] == ["occlusion", "gradcam"]
    assert found.methods[0].lesions.images == 4
    assert set(found.methods[1].redrawn) == {"top", "half", "all", "labels"}
    assert {one.passed["labels"] for one in found.methods} <= {True, False}
    assert "✓" in said or "✗" in said
    for sentence in found.sentences:
        assert " ".join(sentence.split()[:6]) in " ".join(said.split())
    assert chestnut("report", run, "--force")[0] == 0
    page = (run / "report.html").read_text()
    assert "Where the network looked" in page and "does not show where the network looked" not in page
    assert page.count("<td>passed</td>") == sum(list(one.passed.values()).count(True) for one in found.methods)
    before = (run / "explain" / "check" / "check.json").read_bytes()
    status, _, said = chestnut(*words, "--other", run)
    assert status == 2 and "the same network; give a run trained with another seed" in said
    assert (run / "explain" / "check" / "check.json").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "name images to explain, or give --check"),
        (("x", "--images", "4"), "--methods, --images, --other, --lesions and --retrain belong to --check"),
        (("--check", "--method", "gradcam"), "with --check give --methods, and none of these"),
        (("x", "y", "--check"), "--check takes one data set, not 2"),
        (("--check", "--methods", "gradcan"), "--methods 'gradcan': there is none of that name; did you mean gradcam"),
        (("--check", "--images", "20000"), "--images 20000: give 2 to 10000 images"),
        (("--check", "--other", "gone"), "there is no run folder gone"),
    ],
)
def test_what_cannot_be_checked_is_refused(chestnut, workspace, words, message):
    before = sorted(workspace.run.rglob("*"))
    status, _, said = chestnut("explain", workspace.run, *words)
    assert status == 2 and message in " ".join(said.split())
    assert sorted(workspace.run.rglob("*")) == before


@pytest.mark.slow
def test_images_without_lesions_are_refused_where_lesions_were_asked_for(chestnut, run, workspace):
    bare = shutil.copytree(workspace.images, chestnut.folder / "bare", ignore=lambda _, names: {"_masks"} & set(names))
    words = ("explain", run, bare, "--check", "--methods", "occlusion", "--images", 4)
    status, _, said = chestnut(*words, "--lesions")
    assert status == 2 and "No lesions to check against: " in said and not (run / "explain").exists()
    status, said, _ = chestnut(*words)
    assert status == 0 and "No lesions to check against: " in said
