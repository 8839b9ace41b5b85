"""The audit table: what is recorded comes back, in its order, and nothing else is recorded."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import create_engine, event, inspect

from audit_entries import ORIGIN, entry
from chestnut.errors import UnknownPredictionError, VerdictError
from chestnut.serve.store.entry import Subject
from chestnut.serve.store.row import Query
from chestnut.serve.store.store import Store
from chestnut.serve.store.verdict import Verdict


@pytest.fixture
def store(tmp_path):
    store = Store.open(f"sqlite:///{tmp_path / 'audit.sqlite'}")
    yield store
    store.close()


def test_a_prediction_comes_back_as_it_was_recorded(store):
    began = datetime.now(UTC)
    added = entry(subject=Subject("p" * 64, "s" * 64, "i" * 64), kept="aa/a.png")
    (name,) = store.add([added], ORIGIN)
    row = store.get(name)
    assert began <= row.time <= datetime.now(UTC)
    assert (row.source, row.client, row.model, row.positive) == ("http", "ward 7", "cnn-small", "PNEUMONIA")
    assert (row.bundle, row.pixels, row.kept) == ("b" * 64, "a" * 64, "aa/a.png")
    assert row.probabilities == {"NORMAL": 0.75, "PNEUMONIA": 0.25}
    assert (row.decision, row.threshold, row.lungs, row.milliseconds) == ("NORMAL", 0.5, True, 12.5)
    assert row.guard == added.score.guard.to_dict()
    assert row.subject == added.subject
    assert row.verdicts == ()


def test_the_name_of_a_file_is_not_in_the_database(store, tmp_path):
    store.add([entry()], ORIGIN)
    store.close()
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"ward 7" in written
    assert b"DOE" not in written


def test_rows_are_found_from_the_newest_on_page_by_page(store):
    ids = [store.add([entry(chance=chance / 10)], ORIGIN)[0] for chance in range(5)]
    first = store.find(Query(limit=2))
    assert [row.id for row in first] == ids[:2:-1]
    assert [row.id for row in store.find(Query(before=first[-1].id))] == ids[2::-1]
    with pytest.raises(UnknownPredictionError, match="no prediction x"):
        store.find(Query(before="x"))


def test_rows_are_found_by_model_and_by_their_latest_verdict(store):
    one, two, three = store.add([entry(), entry(model="other"), entry()], ORIGIN)
    store.add_verdict(one, Verdict("agree"))
    store.add_verdict(one, Verdict("disagree", "PNEUMONIA", "left base", "Dr A"))
    store.add_verdict(two, Verdict("agree"))
    found = {
        verdict: [row.id for row in store.find(Query(verdict=verdict))]
        for verdict in ("agree", "disagree", "unsure", "none")
    }
    assert found == {"agree": [two], "disagree": [one], "unsure": [], "none": [three]}
    assert [row.id for row in store.find(Query(model="other"))] == [two]
    first, latest = store.get(one).verdicts
    assert (first.verdict, first.label, first.note) == ("agree", None, "")
    assert (latest.verdict, latest.label, latest.note, latest.reviewer) == (
        "disagree",
        "PNEUMONIA",
        "left base",
        "Dr A",
    )
    assert latest.bundle == "b" * 64


def test_a_verdict_needs_a_prediction_and_a_class_of_its_model(store):
    (name,) = store.add([entry()], ORIGIN)
    with pytest.raises(UnknownPredictionError, match="no prediction none"):
        store.add_verdict("none", Verdict("agree"))
    with pytest.raises(VerdictError, match="label='COVID': give a class of the model, NORMAL, PNEUMONIA"):
        store.add_verdict(name, Verdict("disagree", "COVID"))
    with pytest.raises(VerdictError, match="verdict='maybe': give one of agree, disagree, unsure"):
        Verdict("maybe")
    with pytest.raises(VerdictError, match="note has 2,001 letters: give 2,000 at most"):
        Verdict("agree", note="x" * 2001)
    assert store.get(name).verdicts == ()


def test_old_predictions_are_deleted_with_their_verdicts(store):
    old, new = store.add([entry()], ORIGIN)[0], None
    store.add_verdict(old, Verdict("unsure"))
    between = datetime.now(UTC) + timedelta(microseconds=1)
    while datetime.now(UTC) <= between:
        pass
    (new,) = store.add([entry()], ORIGIN)
    assert store.purge(between) == 1
    assert [row.id for row in store.find(Query())] == [new]
    assert store.find(Query(verdict="unsure")) == []


def test_the_rows_of_many_threads_share_transactions(store):
    commits = []
    event.listen(store._engine, "commit", commits.append)
    with ThreadPoolExecutor(32) as threads:
        added = list(threads.map(lambda _: store.add([entry()], ORIGIN)[0], range(200)))
    assert {row.id for row in store.find(Query(limit=500))} == set(added)
    assert len(commits) < 150


def test_a_store_opens_again_with_its_rows(store, tmp_path):
    (name,) = store.add([entry()], ORIGIN)
    other = Store.open(f"sqlite:///{tmp_path / 'audit.sqlite'}")
    assert other.get(name).id == name
    other.close()
    assert (tmp_path / "audit.sqlite").stat().st_mode & 0o777 == 0o600
    assert set(inspect(create_engine(f"sqlite:///{tmp_path / 'audit.sqlite'}")).get_table_names()) == {
        "chestnut_predictions",
        "chestnut_verdicts",
        "chestnut_version",
    }
