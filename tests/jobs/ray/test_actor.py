"""A place on a node, without Ray: jobs on a disk that is shared, and on one that is not."""

import sys
import time
from pathlib import Path

import pytest

from chestnut.jobs.job import Job
from chestnut.jobs.process import StartMethod
from chestnut.jobs.ray.actor import JobActor
from chestnut.jobs.ray.dispatcher import save_report
from chestnut.jobs.ray.transfer import JobFiles, pack, unpack

FAKE = StartMethod(command=(sys.executable, str(Path(__file__).parents[2] / "fake_worker.py")))


@pytest.fixture
def job(tmp_path):
    home = tmp_path / "driver"
    home.mkdir()
    (home / "manifest.csv").write_text("path,label\n")
    (home / "data.json").write_text("{}")

    def make(act):
        return Job("a", home / "a", act, home / "manifest.csv", home / "data.json", 3, "test")

    return make


@pytest.fixture
def mark(tmp_path):
    path = tmp_path / "mark"
    path.touch()
    return path


def heard(place):
    told, report = [], None
    until = time.monotonic() + 60
    while report is None:
        assert time.monotonic() < until
        more, report = place.collect(1.0)
        told += more
    return [one["kind"] for one in told], report


def test_jobs_follow_one_another_where_the_disk_is_shared(job, mark):
    place = JobActor(FAKE)
    for act, status in (("threads", "finished"), ("fail loss became nan", "failed")):
        one = job(act)
        assert place.begin(one, {}, mark)
        kinds, report = heard(place)
        assert kinds == ["start"] and report.status == status and report.run == b""
        assert place.collect(0.0) == ([], report)
    assert one.folder.read_text() == "3"
    assert report.error == "loss became nan"


def test_a_job_is_told_to_stop(job, mark):
    place = JobActor(FAKE)
    assert place.begin(job("wait 100"), {}, mark)
    assert place.collect(30.0)[0], "it has begun and can hear"
    place.stop()
    assert heard(place)[1].status == "stopped"


def test_a_disk_that_is_not_shared_gets_the_files_and_gives_the_log_back(job, tmp_path):
    place = JobActor(FAKE)
    one = job("exit 3")
    missing = tmp_path / "nothing here"
    assert not place.begin(one, {}, missing)
    assert place.begin(one, {}, missing, JobFiles.read(one))
    _, report = heard(place)
    assert report.error == f"its process ended with exit status 3; see {one.folder}.log"
    save_report(one, report)
    assert Path(f"{one.folder}.log").read_text() == "the last words\n"
    assert sorted(path.name for path in one.folder.parent.iterdir()) == ["a.log", "data.json", "manifest.csv"]


def test_a_job_travels_with_its_run_and_its_start(job, tmp_path):
    one = job("")
    for folder in (one.folder, tmp_path / "start"):
        folder.mkdir()
        (folder / "history.csv").write_text(folder.name)
    one = Job(**{**one.__dict__, "start": tmp_path / "start"})
    home = tmp_path / "node"
    home.mkdir()
    moved = JobFiles.read(one).unpack(one, home)
    assert (moved.folder / "history.csv").read_text() == "a"
    assert (moved.start / "history.csv").read_text() == "start"
    assert moved.manifest.read_text() == "path,label\n" and moved.facts.read_text() == "{}"
    assert all(home in path.parents for path in (moved.folder, moved.start, moved.manifest, moved.facts))


def test_what_comes_back_replaces_what_stood_there_whole(tmp_path):
    made, place = tmp_path / "made", tmp_path / "home" / "run"
    (made / "state").mkdir(parents=True)
    (made / "state" / "latest.json").write_text("2")
    unpack(pack(made), place)
    (place / "old").touch()
    unpack(pack(made), place)
    assert [path.name for path in place.rglob("*")] == ["state", "latest.json"]
    assert [path.name for path in place.parent.iterdir()] == ["run"]
