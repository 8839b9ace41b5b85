"""Describe the environment of a run: versions, device, commit, command line."""

from __future__ import annotations

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from chestnut.models.device import backend, describe
from chestnut.runs.record import RunRecord
from chestnut.runs.timestamp import now
from chestnut.training.threads import count_threads

_PACKAGES = (
    "chestnut",
    "keras",
    "tensorflow-cpu",
    "tensorflow",
    "jax",
    "torch",
    "keras-hub",
    "numpy",
    "scikit-learn",
    "pillow",
)


def environment(command: str) -> RunRecord:
    """Describe the machine, the software and the command for environment.json.

    Args:
        command: The command line that started the run.
    """
    return RunRecord(
        status="training",
        command=command,
        started=now(),
        backend=backend(),
        device=describe(),
        threads=count_threads(),
        python=platform.python_version(),
        system=platform.platform(),
        versions={name: found for name in _PACKAGES if (found := find_version(name))},
        commit=_commit(),
    )


def find_version(package: str) -> str | None:
    """Return the version of a package; None if it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _commit() -> str | None:
    """Return the git commit of chestnut's source, marked if there are local changes; None for an installed copy."""
    here = Path(__file__)
    if not _git(here.parent, "ls-files", here.name):  # this copy is inside another project's repository
        return None
    commit = _git(here.parent, "rev-parse", "--short=12", "HEAD")
    changes = _git(here.parent, "status", "--porcelain", "--untracked-files=no")
    if not commit or changes is None:
        return None
    return f"{commit}-dirty" if changes else commit


def _git(folder: Path, *words: str) -> str | None:
    """Return what a git command prints, or None if it fails or git is missing.

    It takes no lock: without that option, `git status` locks the user's checkout and writes its index anew.
    """
    try:
        answer = subprocess.run(
            ["git", "--no-optional-locks", "-C", str(folder), *words],
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None
