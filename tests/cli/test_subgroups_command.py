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
        2, "error: --by gender: the images have no such column; there are sex, age, format, megapixels\n"
    )  # fmt: skip


@pytest.mark.slow
def test_a_run_whose_images_have_no_attributes_is_judged_by_a_table_of_them(workspace, chestnut, tmp_path):
    run = shutil.copytree(workspace.run, tmp_path / "copy")
    table = workspace.images / "_truth.csv"
    given = ("evaluate", run, "--split", "val", "--by", "kind")
    status, _, said = chestnut(*given)
    assert status == 2 and "the images have no such column" in said
    status, said, _ = chestnut(*given, "--attributes", table)
    assert status == 0 and "By kind; " in said
    kept = RunFolder(run).metrics("val")["subgroups"]
    same = package.open_run(run).evaluate("val", by=["kind"], attributes=table, quiet=True).subgroups
    assert [one.to_dict() for one in same] == kept and kept[0]["unknown"] == 0


def test_a_table_of_attributes_without_a_column_to_judge_by_is_refused(workspace, chestnut):
    status, _, said = chestnut("evaluate", workspace.run, "--split", "val", "--attributes", "ages.csv")
    assert (status, said) == (
        2, "error: --attributes ages.csv: they are for judging groups; name the columns too, as in --by age\n"
    )  # fmt: skip
    status, _, said = chestnut("evaluate", workspace.run, "--split", "val", "--attributes", "ages.csv", "--by", "age")
    assert status == 2 and said.startswith("error: ages.csv cannot be read as a table")


@pytest.mark.slow
def test_a_column_that_divides_nothing_is_one_line(workspace, chestnut, tmp_path):
    run = shutil.copytree(workspace.run, tmp_path / "copy")
    status, said, _ = chestnut("evaluate", run, "--split", "val", "--by", "format")
    assert status == 0 and "By format, the images cannot be divided: they are all in the group JPEG." in said
    assert "Δ" not in said and not (RunFolder(run).evaluation("val") / "subgroups.png").exists()
    assert chestnut("report", run)[0] == 0
    assert "all in the group JPEG" in (run / "report.html").read_text()
