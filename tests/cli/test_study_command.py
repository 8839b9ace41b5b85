"""`chestnut study` and `report --study`: a description of the study goes into the run, and into its report."""

import shutil

import pytest

from chestnut import open_run
from chestnut.runs.folder import RunFolder
from chestnut.runs.study_file import find_study, shared_study


@pytest.fixture
def copy(workspace, tmp_path):
    return shutil.copytree(workspace.run, tmp_path / "copy")


@pytest.mark.slow
def test_a_template_is_written_filled_in_and_reported(chestnut, copy):
    status, out, said = chestnut("study", "study.toml")
    assert (status, out) == (0, "study.toml: 45 fields to fill in\n")
    assert "Next: chestnut report RUN --study study.toml" in said
    file = chestnut.folder / "study.toml"
    file.write_text(file.read_text().replace('ethics = ""', 'ethics = "Board of <Mercy> & Co., 12/2020"'))
    assert open_run(copy).study is None
    status, _, _ = chestnut("report", copy, "--study", "study.toml")
    page = (copy / "report.html").read_text(encoding="utf-8")
    assert status == 0 and open_run(copy).study.ethics == "Board of <Mercy> & Co., 12/2020"
    assert "<td>Board of &lt;Mercy&gt; &amp; Co., 12/2020</td>" in page and "Nobody has described" not in page
    assert '<th scope="row">Funding</th>' not in page


def test_a_bad_study_is_refused_and_the_run_keeps_its_own(chestnut, copy):
    (copy / "study.toml").write_text('funding = "nobody"\n')
    (chestnut.folder / "bad.toml").write_text('found = "x"\n')
    before = (copy / "study.toml").read_bytes()
    status, _, said = chestnut("report", copy, "--study", "bad.toml")
    assert status == 2 and said.startswith("error: bad.toml: no key 'found'; ")
    assert (copy / "study.toml").read_bytes() == before and not (copy / "report.html").exists()
    status, _, said = chestnut("report", copy, "--study", "none.toml")
    assert (status, said) == (
        2,
        "error: none.toml is missing; correct it, or write a new one with chestnut study FILE\n",
    )
    (copy / "study.toml").write_text("funding = 3\n")
    status, _, said = chestnut("report", copy)
    assert status == 2 and f"error: {copy / 'study.toml'}: funding: input should be a valid string" in said


def test_a_study_is_found_in_a_folder_and_beside_a_table(tmp_path):
    (tmp_path / "images.csv").touch()
    assert find_study(tmp_path) is find_study(tmp_path / "images.csv") is None
    (tmp_path / "study.toml").touch()
    assert find_study(tmp_path) == find_study(tmp_path / "images.csv") == tmp_path / "study.toml"


def test_a_bad_study_beside_the_images_is_refused_before_training(chestnut, workspace):
    images = shutil.copytree(workspace.images, chestnut.folder / "images")
    (images / "study.toml").write_text('fundings = "x"\n')
    status, _, said = chestnut("train", "images")
    assert status == 2 and "no key 'fundings'; did you mean funding?" in said
    assert [item.name for item in chestnut.folder.iterdir()] == ["images"]


@pytest.mark.slow
def test_training_takes_the_study_beside_the_images_into_the_run(chestnut, workspace):
    from tiny import TINY

    images = shutil.copytree(workspace.images, chestnut.folder / "images")
    (images / "study.toml").write_text('funding = "nobody"\n')
    status, _, _ = chestnut("train", "images", "--name", "one", "--no-audit", *TINY)
    run = open_run(chestnut.folder / "runs" / "one")
    assert status == 0 and run.study.funding == "nobody"
    assert not any("study.toml" in note for note in run.folder.facts["notes"])


def test_an_ensemble_takes_the_study_that_its_members_share(tmp_path):
    runs = [RunFolder(tmp_path / name) for name in "ab"]
    for run in runs:
        run.path.mkdir()
    assert shared_study(runs) is None
    for run in runs:
        (run.path / "study.toml").write_text('funding = "nobody"\n')
    assert shared_study(runs) == 'funding = "nobody"\n'
    (runs[1].path / "study.toml").write_text('funding = "somebody"\n')
    assert shared_study(runs) is None
