"""The crash harness itself: a writer that cannot stand a kill or a full disk is found, and one that can is not."""

import json
import os
import resource
import signal
import sys
from functools import partial
from pathlib import Path

import pytest

from chestnut.errors import DiskError
from chestnut.files.atomic import write_text
from crash import forked, results, trees
from crash.changes import FULL, KILL, TORN, Change, Stop
from crash.points import Stage, Verdict
from crash.scenes import Scene

pytestmark = [
    pytest.mark.slow,  # it forks
    pytest.mark.skipif(sys.platform != "linux", reason="no folder of open files below /proc"),
]

OLD, NEW = json.dumps({"value": "old" * 20}) + "\n", json.dumps({"value": "new" * 20}) + "\n"


def careless():
    Path("kept.json").write_text(NEW)


def careful():
    try:
        write_text(Path("kept.json"), NEW)
    except DiskError as error:
        sys.stdout.write(f"error: {error}\n")
        raise SystemExit(2) from None


def halves():
    """Two files that belong together, each whole."""
    write_text(Path("pair/one.json"), NEW)
    write_text(Path("pair/two.json"), NEW)


def littering():
    Path(".chestnut-tmp-x-01234567").mkdir()
    (Path(".chestnut-tmp-x-01234567") / "state").mkdir()
    Path("state").mkdir()
    careful()
    Path("state").rmdir()


@pytest.fixture
def stage(tmp_path, monkeypatch):
    """Make a stage on which a function is played in place of a command."""

    def make(work, whole=(), go_on=lambda folder, words: [("again",)]):
        def before(folder):
            (folder / "kept.json").write_text(OLD)

        monkeypatch.setattr("crash.points.call", lambda words: work())
        made = Stage(Scene("a writer", ("write",), (before,), go_on, whole), tmp_path)
        made.prepare()
        return made

    return make


def faults(made):
    return {
        (stop.kind, stop.number): verdict.faults
        for stop in made.points((KILL, TORN, FULL))
        if (verdict := made.try_point(stop)).faults
    }


def test_a_careful_writer_is_sound(stage):
    made = stage(careful)
    assert [change.kind for change in made.changes] == ["create", "write", "rename"]
    assert made.invariants() == []
    assert len(made.points((KILL, TORN, FULL))) == 7
    assert faults(made) == {}


def test_a_writer_in_place_is_caught_before_and_after_the_kill(stage):
    made = stage(careless)
    assert made.invariants() == ["write kept.json is written in place"]
    found = faults(made)
    assert found[TORN, 0] == ("kept.json: it breaks off after 16 bytes",)
    assert "the full disk ends it with 1" in found[FULL, 0][0]
    assert (KILL, 0) not in found, "nothing was written yet"


def test_half_a_folder_is_caught(stage):
    found = faults(stage(halves, whole=("pair",)))
    last = max(number for kind, number in found if kind == KILL)
    assert found[KILL, last] == ("pair is neither old nor new: pair/two.json is missing",)


def test_what_is_never_finished_or_left_over_is_caught(stage):
    made = stage(littering, go_on=lambda folder, words: [])
    found = faults(made)
    assert "kept.json differs in value" in found[KILL, 0]
    assert "state/ is still there" in found[KILL, len(made.changes) - 1]


def test_each_kind_of_stop_ends_a_process_in_its_own_way(tmp_path):
    ended = {kind: forked.run(partial(careful), tmp_path, Stop(1, kind)) for kind in (KILL, FULL, TORN)}
    assert ended[KILL].status == -signal.SIGKILL
    assert ended[TORN].status == -signal.SIGXFSZ
    assert ended[FULL].status == 2 and ended[FULL].said.startswith("error: cannot write kept.json")
    torn = [item.read_text() for item in tmp_path.iterdir() if trees.is_temporary(item.name)]
    assert NEW[:16] in torn and not (tmp_path / "kept.json").exists()
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY, "this process has no limit"


def test_a_name_relative_to_an_open_folder_is_understood(tmp_path):
    def remove():
        folder = os.open(tmp_path, os.O_RDONLY)
        os.remove("a.txt", dir_fd=folder)

    (tmp_path / "a.txt").touch()
    (tmp_path / "elsewhere").mkdir()
    ended = forked.run(remove, tmp_path / "elsewhere", root=tmp_path)
    assert ended.changes == (Change("remove", "a.txt"),)


def test_counts_become_a_table_that_names_what_failed():
    verdicts = [
        Verdict(Stop(0, KILL), "", True),
        Verdict(Stop(1, KILL), "", True, ("bad",)),
        Verdict(Stop(0, FULL), "", False),
    ]
    counts = {"write": results.count((1, 2, 3), verdicts)}
    assert counts["write"] == {"changes": 3, KILL: [2, 1], TORN: [0, 0], FULL: [0, 0]}
    assert results.lines(counts)[2] == "| `write` | 3 | **1 of 2** | – | – |"
    assert results.verdict(counts) == "2 points tried, 1 not survived"


def test_the_page_shows_the_stored_counts():
    counts = json.loads(results.RESULTS.read_text())["commands"]
    assert "\n".join(results.lines(counts)) in results.PAGE.read_text()
    assert results.verdict(counts).endswith("all survived")
