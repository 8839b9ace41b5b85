"""`evaluate --by`: groups on the terminal, in JSON, on the page and in Python, and what is refused."""

import json
import shutil

import pytest

import chestnut as package
from chestnut.runs.folder import RunFolder


@pytest.mark.slow
def test_groups_are_shown_saved_and_reported(workspace, elsewhere, chestnut, tmp_path):
    run = shutil.copytree(workspace.run, tmp_path / "copy")
    given = (elsewhere, "--labels", elsewhere / "_truth.csv", "--by", "Sex", "--by", "age")
    status, said, _ = chestnut("evaluate", run, *given, "--json", "out.json")
    assert status == 0
    assert "By sex; Δ: difference to the others" in said and "By age" in said
    found = json.loads((chestnut.folder / "out.json").read_text())["subgroups"]
    assert [one["column"] for one in found] == ["sex", "age"]
    (name,) = [name for name in RunFolder(run).evaluations() if name not in ("val", "test")]
    assert RunFolder(run).metrics(name)["subgroups"] == found
    assert sum(group["images"] for group in found[0]["groups"]) == RunFolder(run).metrics(name)["images"]
    assert chestnut("report", run)[0] == 0
    page = (run / "report.html").read_text()
    assert "Subgroups" in page and "40–64" in page and "data:image/png" in page
    data = package.load_dataset(elsewhere, labels=elsewhere / "_truth.csv")
    same = package.open_run(run).evaluate(data=data, by="sex", quiet=True).subgroups
    assert [group.images for group in same[0].groups] == [group["images"] for group in found[0]["groups"]]
    assert (RunFolder(run).evaluation(name) / "subgroups.png").is_file()
    package.open_run(run).evaluate(data=data, quiet=True)
    assert not (RunFolder(run).evaluation(name) / "subgroups.png").exists()
    assert RunFolder(run).metrics(name)["subgroups"] == []


def test_an_unknown_column_is_refused_before_anything_is_decoded(workspace, chestnut):
    status, _, said = chestnut("evaluate", workspace.run, "--split", "val", "--by", "gender")
    assert (status, said) == (
        2, "error: --by gender: the images have no such column; there are format, megapixels\n"
    )  # fmt: skip
