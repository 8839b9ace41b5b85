"""CLAIM and TRIPOD+AI: an item is answered only if what it asks for is there."""

import json
from dataclasses import replace

import pytest

from chestnut.config.study import StudyDescription
from chestnut.errors import DataError
from chestnut.report.checklists import claim, tripod
from chestnut.report.checklists.checklist import STATUSES
from chestnut.report.checklists.evidence import gather
from chestnut.report.checklists.make import CHECKLISTS, make_checklist

FIELDS = list(StudyDescription.model_fields)


def of(found, number):
    (item,) = [item for item in found.items if item.number == number]
    return item


def describe(run, **texts):
    (run.path / "study.toml").write_text("".join(f"{name} = {json.dumps(text)}\n" for name, text in texts.items()))


def test_the_numbers_are_those_of_the_publications():
    assert [item.number for item in claim.ITEMS] == [str(number) for number in range(1, 45)]
    parts = {3: 3, 5: 2, 6: 3, 8: 3, 9: 3, 12: 7, 18: 6, 20: 3, 23: 2, 27: 3}
    numbers = [f"{n}{'abcdefg'[k] if n in parts else ''}" for n in range(1, 28) for k in range(parts.get(n, 1))]
    assert [item.number for item in tripod.ITEMS] == numbers and len(numbers) == 52


@pytest.mark.parametrize("name", CHECKLISTS)
def test_a_run_without_anything_answers_nothing_that_it_cannot_know(make_run, name):
    run = make_run().run
    found = make_checklist(run, name)
    assert sum(found.counts.values()) == len(found.items) and set(found.counts) == set(STATUSES)
    study = [item for item in found.items if item.place.startswith("study.toml")]
    assert study and {item.status for item in study} == {"to be written"}
    places = [item.place for item in found.items if item.status == "answered"]
    assert not any("Results" in place or "shifts" in place or "study.toml" in place for place in places)


@pytest.mark.parametrize("name", CHECKLISTS)
def test_every_field_that_is_written_answers_or_excludes_an_item(make_run, name):
    run = make_run().run
    before = make_checklist(run, name).counts
    describe(run, **dict.fromkeys(FIELDS, "Something."))
    after = make_checklist(run, name)
    assert after.counts["answered"] > before["answered"] + 20
    assert not any(item.place.startswith("study.toml") and item.status == "to be written" for item in after.items)
    describe(run, treatments="Not applicable: none.", registration="not applicable")
    number = "6c" if name == "tripod" else "34"
    assert of(make_checklist(run, name), number).status == "not applicable"


def test_measurements_answer_their_items(finished):
    run = finished.run
    found = make_checklist(run, "claim")
    assert {of(found, number).status for number in ("20", "28", "29", "32", "37", "38", "39")} == {"answered"}
    assert of(found, "33").status == "to be written" and "evaluate RUN DATA" in of(found, "33").remark
    assert (
        of(found, "30").status == "to be written" and of(found, "30").remark == "Not measured yet: chestnut stress RUN."
    )
    assert of(found, "31").status == of(found, "27").status == "not applicable"
    assert of(found, "20").remark
    finished.evaluate("other", data="/data/other")
    (run.path / "explain" / "maps").mkdir(parents=True)
    (run.path / "explain" / "maps" / "maps.json").write_text("[]")
    (run.exchange).mkdir()
    (run.exchange / "exchange.json").write_text("{}")
    found = make_checklist(run, "claim")
    assert of(found, "33").place == "report, Results: other" and of(found, "33").status == "answered"
    assert of(found, "31").status == "to be written" and "not checked" in of(found, "31").remark
    assert of(found, "30").status == "answered"
    (run.path / "explain" / "check").mkdir()
    (run.path / "explain" / "check" / "check.json").write_text("{}")
    assert of(make_checklist(run, "claim"), "31").status == "answered"


def test_a_look_without_intervals_or_groups_is_no_answer(finished):
    found = make_checklist(finished.run, "tripod")
    assert of(found, "23a").status == "to be written" and "groups are missing" in of(found, "23a").remark
    evidence = gather(finished.run)
    bare = replace(evidence, evaluations={}, external={})
    assert {rule(bare).status for rule in (claim.ITEMS[36].rule, claim.ITEMS[27].rule)} == {"to be written"}


def test_patients_in_two_splits_are_told(finished):
    rows = finished.run.manifest_file.read_text().replace("p2,test", "p0,test")
    finished.run.manifest_file.write_text(rows)
    assert of(make_checklist(finished.run, "claim"), "20").remark.startswith("Not apart: ")


def test_the_page_of_markdown_has_every_item_and_its_source(finished):
    describe(finished.run, title="A | <b>")
    found = make_checklist(finished.run, "tripod")
    text = found.to_markdown()
    rows = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith(("| item", "| ---"))]
    assert len(rows) == 52 and all(row.replace("\\|", "").count("|") == 5 for row in rows)
    assert "doi:10.1136/bmj-2023-078378" in text and found.to_dict()["counts"] == found.counts


def test_an_unknown_checklist_is_refused(finished):
    with pytest.raises(DataError, match="checklist=stard: there is no such checklist; known: claim, tripod"):
        make_checklist(finished.run, "stard")
