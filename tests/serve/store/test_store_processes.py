"""Several processes, killed ones among them, and a database server that goes away: no acknowledged row is lost."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tools.postgres_cluster import PostgresCluster, find_programs

from audit_entries import ORIGIN, entry
from chestnut.errors import StoreError
from chestnut.serve.store.row import Query
from chestnut.serve.store.store import Store
from chestnut.serve.store.verdict import Verdict

TESTS = Path(__file__).parents[2]

#: Records predictions in several threads, and says the id of each when it is recorded.
RECORD = """
import os, sys, threading
from audit_entries import ORIGIN, entry
from chestnut.serve.store.store import Store
from chestnut.serve.store.verdict import Verdict

store, count = Store.open(sys.argv[1]), int(sys.argv[2])

def work():
    for _ in range(count):
        for name in store.add([entry(), entry()], ORIGIN):
            os.write(1, name.encode() + b"\\n")

threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def begin(url, count):
    return subprocess.Popen(
        [sys.executable, "-c", RECORD, url, str(count)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        text=True,
    )


def recorded(store):
    rows, last = set(), None
    while page := store.find(Query(limit=500, before=last)):
        last = page[-1].id
        rows.update(row.id for row in page)
    return rows


@pytest.fixture(scope="module")
def cluster():
    if find_programs() is None:
        pytest.skip("PostgreSQL is not installed; tools/install_peers.sh installs it")
    with PostgresCluster() as cluster:
        yield cluster


@pytest.fixture
def emptied(cluster):
    """A server whose database has tables and no rows."""
    store = Store.open(cluster.url)
    store.purge(datetime.now(UTC) + timedelta(days=1))
    store.close()
    return cluster


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'audit.sqlite'}"
    return request.getfixturevalue("cluster").url


@pytest.mark.slow
def test_two_services_share_a_database_and_after_kill_9_of_one_every_acknowledged_row_is_there(url):
    going_on, killed = begin(url, 100), begin(url, 10**6)
    said = [killed.stdout.readline()]
    timer = threading.Timer(random.uniform(0.05, 0.3), os.kill, (killed.pid, signal.SIGKILL))
    timer.start()
    said += [*killed.stdout, *going_on.communicate(timeout=60)[0].splitlines(keepends=True)]
    killed.stdout.close()
    assert (killed.wait(), going_on.returncode) == (-signal.SIGKILL, 0)
    acknowledged = {line.strip() for line in said if line.endswith("\n")}
    assert len(acknowledged) > 800
    store = Store.open(url)
    assert acknowledged <= recorded(store)
    store.close()


@pytest.mark.slow
def test_a_server_that_goes_away_and_comes_back(emptied):
    store = Store.open(emptied.url)
    acknowledged, refused, ended = [], [], threading.Event()

    def work():
        while not ended.is_set():
            try:
                acknowledged.extend(store.add([entry()], ORIGIN))
            except StoreError as error:
                refused.append(str(error))
                time.sleep(0.01)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(2):
        time.sleep(0.2)
        emptied.stop()
        with pytest.raises(StoreError, match="cannot be used"):
            store.check()
        before = len(acknowledged)
        emptied.start()
        store.check()
        while len(acknowledged) == before:
            time.sleep(0.01)
    ended.set()
    for thread in threads:
        thread.join()
    assert refused
    assert all("\n" not in message and "INSERT" not in message for message in refused)
    assert set(acknowledged) <= recorded(store)
    store.close()


@pytest.mark.slow
def test_a_database_server_keeps_every_kind_of_value(emptied):
    store = Store.open(emptied.url)
    added = entry(model="cnn\0small \ud800 é", kept=None)
    first, second = store.add([added, entry(kept="aa/b.png")], ORIGIN)
    store.add_verdict(second, Verdict("disagree", "PNEUMONIA", "left\0base", "Dr Ä"))
    assert [row.id for row in store.find(Query())] == [second, first]
    row, judged = store.get(first), store.get(second)
    assert row.probabilities == added.score.probabilities
    assert (row.guard, row.lungs, row.model) == (added.score.guard.to_dict(), True, "cnn\ufffdsmall \ufffd é")
    assert abs(row.time.timestamp() - time.time()) < 60
    assert (judged.verdicts[0].note, judged.verdicts[0].reviewer) == ("left\ufffdbase", "Dr Ä")
    assert [row.id for row in store.find(Query(verdict="disagree", model="cnn-small"))] == [second]
    assert [row.id for row in store.find(Query(verdict="none", before=second))] == [first]
    assert store.find_kept(["aa/b.png", "cc/d.png"]) == set()
    assert [row.id for row in store.judged()] == [second]
    assert store.purge(row.time.replace(year=2100)) == 2
    assert store.find(Query(model="\0")) == []
    store.close()
    again = Store.open(emptied.url)
    assert again.find(Query()) == []
    again.close()
