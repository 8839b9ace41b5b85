"""Whatever a service records comes back the same, but for letters that no database takes."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chestnut.serve.scoring.score import Judgement, Score
from chestnut.serve.store.entry import Entry, Origin, Subject
from chestnut.serve.store.row import Query
from chestnut.serve.store.store import Store
from chestnut.serve.store.tables import storable
from chestnut.serve.store.verdict import OPINIONS, Verdict

TEXT = st.text(st.characters(codec=None), max_size=20)
CHANCE = st.floats(0, 1)
DIGEST = st.text("0123456789abcdef", min_size=64, max_size=64)
JUDGEMENT = st.builds(Judgement, st.booleans(), CHANCE, TEXT)
SCORE = st.builds(
    Score,
    name=TEXT,
    digest=DIGEST,
    bundle=DIGEST,
    probabilities=st.dictionaries(TEXT, CHANCE, min_size=2, max_size=4),
    decision=TEXT,
    threshold=st.none() | CHANCE,
    guard=st.none() | JUDGEMENT,
    lungs_found=st.none() | st.booleans(),
)
SUBJECT = st.builds(Subject, st.none() | DIGEST, st.none() | DIGEST, st.none() | DIGEST)
ENTRY = st.builds(Entry, SCORE, TEXT, st.none() | TEXT, st.floats(0, 1e6), SUBJECT, st.none() | DIGEST)
ORIGIN = st.builds(Origin, st.sampled_from(["http", "dicom"]), TEXT)

QUICK = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def store(tmp_path):
    store = Store.open(f"sqlite:///{tmp_path / 'audit.sqlite'}")
    yield store
    store.close()


def optional(text):
    return None if text is None else storable(text)


@QUICK
@given(entries=st.lists(ENTRY, min_size=1, max_size=3), origin=ORIGIN)
def test_predictions_come_back(store, entries, origin):
    ids = store.add(entries, origin)
    rows = store.find(Query(limit=len(ids)))[::-1]
    assert [row.id for row in rows] == ids
    for row, entry in zip(rows, entries, strict=True):
        score = entry.score
        assert (row.source, row.client, row.model) == (origin.source, storable(origin.client), storable(entry.model))
        assert (row.pixels, row.bundle, row.probabilities) == (score.digest, score.bundle, score.probabilities)
        assert (row.decision, row.positive) == (storable(score.decision), optional(entry.positive))
        assert (row.threshold, row.lungs, row.milliseconds) == (score.threshold, score.lungs_found, entry.milliseconds)
        assert row.guard == (None if score.guard is None else score.guard.to_dict())
        assert (row.subject, row.kept) == (entry.subject, entry.kept)


@QUICK
@given(entry=ENTRY, given=st.lists(st.tuples(st.sampled_from(OPINIONS), TEXT, TEXT), min_size=1, max_size=3))
def test_verdicts_come_back_in_their_order(store, entry, given):
    (name,) = store.add([entry], Origin("http", ""))
    for opinion, note, reviewer in given:
        store.add_verdict(name, Verdict(opinion, None, note, reviewer))
    verdicts = store.get(name).verdicts
    assert [(one.verdict, one.note, one.reviewer) for one in verdicts] == [
        (opinion, storable(note), storable(reviewer)) for opinion, note, reviewer in given
    ]
    assert {one.bundle for one in verdicts} == {entry.score.bundle}
    latest = given[-1][0]
    assert name in {row.id for row in store.find(Query(verdict=latest))}
    assert all(row.id != name for other in {*OPINIONS, "none"} - {latest} for row in store.find(Query(verdict=other)))


@pytest.mark.slow
@QUICK
@given(st.lists(st.lists(ENTRY, min_size=1, max_size=3), min_size=1, max_size=6))
def test_requests_at_the_same_time_get_their_own_rows(store, requests):
    with ThreadPoolExecutor(len(requests)) as threads:
        added = list(threads.map(lambda entries: store.add(entries, Origin("http", "")), requests))
    for ids, entries in zip(added, requests, strict=True):
        assert [store.get(name).pixels for name in ids] == [entry.score.digest for entry in entries]
