"""`chestnut tables`, `chestnut card` and `report --checklist`: what a paper needs, from a trained run."""

import json
import shutil

import pytest


@pytest.fixture
def copy(workspace, tmp_path):
    return shutil.copytree(workspace.run, tmp_path / "copy")


@pytest.mark.slow
def test_tables_of_a_trained_run_are_written_in_a_new_folder(chestnut, copy):
    status, out, _ = chestnut("tables", copy, "--format", "xlsx", "--json", "-")
    told = json.loads(out)
    assert (
        status == 0
        and told["files"] == ["copy-tables/flow.svg", "copy-tables/tables.xlsx"]
        and told["format"] == "xlsx"
    )
    assert (chestnut.folder / "copy-tables" / "tables.xlsx").read_bytes().startswith(b"PK")
    status, out, _ = chestnut("tables", copy, "--out", "paper")
    assert status == 0
    assert {"flow", "table-1", "counts", "history", "metrics-val", "confusion-val", "calibration-val"} <= {
        line.removeprefix("paper/").removesuffix(".csv") for line in out.splitlines()
    }
    head, found, used, *_ = (chestnut.folder / "paper" / "flow.csv").read_text().splitlines()
    assert (head, found.split(",")[0], used.split(",")[0]) == ("step,part,images,patients", "found", "used")
    status, _, said = chestnut("tables", copy, "--out", "paper")
    assert (status, said) == (2, "error: paper contains files already; give a new folder or an empty one\n")
    status, _, said = chestnut("tables", copy, "--format", "docx", "--out", "other")
    assert status == 2 and "--format docx: there is no such format of tables; known: csv, latex, xlsx" in said
    assert not (chestnut.folder / "other").exists()


@pytest.mark.slow
def test_a_card_is_written_into_the_run_or_elsewhere(chestnut, copy):
    status, out, _ = chestnut("card", copy)
    assert (status, out) == (0, f"{copy / 'card.md'}\n{copy / 'card.json'}\n")
    card = json.loads((copy / "card.json").read_text())
    assert card["name"] == "copy" and "synthetic-data" in card["front"]["tags"]
    assert str(copy) not in (copy / "card.md").read_text()
    assert chestnut("card", copy)[0] == 0
    status, out, _ = chestnut("card", copy, "--out", "README.md")
    assert (status, out) == (0, "README.md\n")
    assert (chestnut.folder / "README.md").read_text() == (copy / "card.md").read_text()
    status, _, said = chestnut("card", copy, "--out", copy / "bundle" / "card.md")
    assert status == 2 and "it is inside the run" in said


def test_a_checklist_is_printed_and_written_as_markdown(chestnut, copy):
    status, out, _ = chestnut("report", copy, "--checklist", "tripod", "--out", "tripod.md")
    assert status == 0 and "TRIPOD+AI for copy" in out and "BMJ 2024;385:e078378" in out
    assert not (copy / "report.html").exists()
    assert (chestnut.folder / "tripod.md").read_text().startswith("# TRIPOD+AI\n")
    status, out, _ = chestnut("report", copy, "--checklist", "claim", "--json", "-")
    assert status == 0 and len(json.loads(out)["items"]) == 44
    for option in ("--pdf", "--figures"):
        status, _, said = chestnut("report", copy, "--checklist", "claim", option, "new")
        assert status == 2 and f"cannot be given with {option}; leave one out" in said
        assert not (chestnut.folder / "new").exists()
    status, _, said = chestnut("report", copy, "--checklist", "consort")
    assert status == 2 and "--checklist consort: there is no such checklist; known: claim, tripod" in said
