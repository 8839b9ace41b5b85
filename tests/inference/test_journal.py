"""The beginning of a CSV of predictions, from which a later call goes on."""

import json

import numpy as np
import pytest

from chestnut.errors import DataError, ImageError
from chestnut.inference.bundle import Bundle
from chestnut.inference.guard.verdict import Verdicts
from chestnut.inference.journal import Journal
from chestnut.inference.predictions import Predictions
from onnx_bundle import write_onnx_bundle

SUBJECT = {"images": "a", "engine": "onnx"}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return Bundle.read(write_onnx_bundle(tmp_path_factory.mktemp("run")) / "bundle")


def part(bundle, number, judged=True):
    values = np.random.default_rng(number).dirichlet([1, 1], 3)
    scores, strangeness = np.array([0.1, 1 / 3, 0.0]), np.array([1.5, np.inf, 0.25])
    return Predictions(
        paths=(f"/images/{number}-ä.png", "/images/b.png", "/images/c.png"),
        probabilities=values,
        classes=bundle.classes,
        positive=bundle.positive,
        threshold=bundle.threshold,
        bad=(ImageError("/images/bad.png", "is truncated"),),
        bad_rows=(1,),
        synthetic=bundle.synthetic,
        lungs_found=(True, False, True),
        verdicts=Verdicts((True, False, True), scores, ("", "upside down", ""), strangeness) if judged else None,
        overlap={"train": number, "val": 0, "test": 1},
    )


@pytest.mark.parametrize("judged", [True, False])
def test_what_was_written_comes_back(bundle, tmp_path, judged):
    csv = tmp_path / "out.csv"
    journal = Journal.beside(csv, bundle, SUBJECT)
    parts = [part(bundle, number, judged) for number in range(3)]
    for number, one in enumerate(parts):
        journal.add(4 * number, one)
    again = list(Journal.beside(csv, bundle, SUBJECT).read())
    assert [first for first, _ in again] == [0, 4, 8]
    for one, (_, other) in zip(parts, again, strict=True):
        assert other.frame(errors=True).equals(one.frame(errors=True))
        assert (other.overlap, other.bad_rows) == (one.overlap, one.bad_rows)
    journal.remove()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_torn_line_ends_what_counts_and_is_cut_off(bundle, tmp_path, cut):
    journal = Journal.beside(tmp_path / "out.csv", bundle, SUBJECT)
    for number in range(2):
        journal.add(4 * number, part(bundle, number))
    content = journal.path.read_bytes()
    journal.path.write_bytes(content[:-cut])
    assert [first for first, _ in journal.read()] == [0]
    journal.add(4, part(bundle, 1))
    assert journal.path.read_bytes() == content


def change(record, **values):
    return {**record, **values}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda record: change(record, first=3),
        lambda record: change(record, probabilities=[[0.5, 0.5]]),
        lambda record: change(record, verdicts=[1, 2]),
        lambda record: {"first": 0},
        lambda record: [1],
    ],
    ids=["another place", "too few", "odd verdicts", "nothing", "a list"],
)
def test_a_line_that_is_no_part_ends_what_counts(bundle, tmp_path, spoil):
    journal = Journal.beside(tmp_path / "out.csv", bundle, SUBJECT)
    journal.add(0, part(bundle, 0))
    heading, line = journal.path.read_text().splitlines()
    journal.path.write_text(f"{heading}\n{json.dumps(spoil(json.loads(line)))}\n{line}\n")
    assert list(journal.read()) == []
    assert journal.path.read_text() == f"{heading}\n"


def test_a_heading_that_is_torn_is_written_again(bundle, tmp_path):
    journal = Journal.beside(tmp_path / "out.csv", bundle, SUBJECT)
    content = journal.path.read_bytes()
    for length in (0, 1, len(content) - 1):
        journal.path.write_bytes(content[:length])
        assert list(Journal.beside(tmp_path / "out.csv", bundle, SUBJECT).read()) == []
        assert journal.path.read_bytes() == content


def test_another_subject_is_refused_unless_forced(bundle, tmp_path):
    csv = tmp_path / "out.csv"
    Journal.beside(csv, bundle, SUBJECT).add(0, part(bundle, 0))
    with pytest.raises(DataError, match=r"out\.csv\.part is the beginning of .* \(it has other images\)"):
        Journal.beside(csv, bundle, {**SUBJECT, "images": "b"})
    assert len(list(Journal.beside(csv, bundle, SUBJECT, force=True).read())) == 1
    assert list(Journal.beside(csv, bundle, {**SUBJECT, "images": "b"}, force=True).read()) == []


@pytest.mark.parametrize("content", ["path,label\n", "{}\n", "no end"])
def test_a_file_of_that_name_which_is_no_journal_is_kept(bundle, tmp_path, content):
    (tmp_path / "out.csv.part").write_text(content)
    with pytest.raises(DataError, match=r"\(it has none\); repeat .* or overwrite it with force=True"):
        Journal.beside(tmp_path / "out.csv", bundle, SUBJECT)
    assert (tmp_path / "out.csv.part").read_text() == content
