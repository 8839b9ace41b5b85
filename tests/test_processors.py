"""The number of cores is that of this process, in a container too."""

import os

import pytest

from chestnut import processors
from chestnut.processors import core_count


@pytest.fixture
def group(tmp_path, monkeypatch):
    """An empty control group, and eight cores that may be used."""
    monkeypatch.setattr(processors, "_CGROUP", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)), raising=False)
    return tmp_path


def test_cores_without_a_limit_are_those_that_the_process_may_use(group):
    assert core_count() == 8
    (group / "cpu.max").write_text("max 100000\n")
    assert core_count() == 8


@pytest.mark.parametrize(("allowed", "cores"), [(150_000, 2), (20_000, 1), (400_000, 4), (3_200_000, 8)])
def test_a_quota_limits_the_cores(group, allowed, cores):
    (group / "cpu.max").write_text(f"{allowed} 100000\n")
    assert core_count() == cores


@pytest.mark.parametrize(("allowed", "cores"), [(150_000, 2), (-1, 8)])
def test_the_older_control_groups_count_too(group, allowed, cores):
    (group / "cpu").mkdir()
    (group / "cpu" / "cpu.cfs_quota_us").write_text(f"{allowed}\n")
    (group / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    assert core_count() == cores
