"""`Parcel`: what a job needs from a disk that its node does not see, and what comes back from there.

Packed by `ray_engine` and unpacked by `place`, and the other way round. Calls `jobs` and `files`.
"""

from __future__ import annotations

import io
import shutil
import tarfile
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from chestnut.files.disk_errors import disk_error
from chestnut.jobs.job import Job

#: Files of a run that name the run it starts from.
_NAMING = ("recipe.toml", "environment.json")


@dataclass(frozen=True)
class Parcel:
    """A job's files as bytes.

    Attributes:
        manifest: The CSV of the images.
        facts: The JSON of what is known of them.
        run: Archive of the run, as far as it has been made; empty where it has not begun.
        start: Archive of the run that this one fine-tunes; empty for none.
    """

    manifest: bytes
    facts: bytes
    run: bytes
    start: bytes

    @classmethod
    def of(cls, job: Job) -> Parcel:
        """Gather a job's files."""
        return cls(
            job.manifest.read_bytes(),
            job.facts.read_bytes(),
            pack(job.folder) if job.folder.exists() else b"",
            pack(job.start) if job.start is not None else b"",
        )

    def unpacked(self, job: Job, home: Path) -> Job:
        """Lay the files out in an empty folder; gives the job with its paths there."""
        inputs, runs = home / "inputs", home / "runs"
        inputs.mkdir()
        runs.mkdir()
        moved = replace(
            job, folder=runs / job.folder.name, manifest=inputs / "manifest.csv", facts=inputs / "facts.json"
        )
        moved.manifest.write_bytes(self.manifest)
        moved.facts.write_bytes(self.facts)
        if self.run:
            unpack(self.run, moved.folder)
        if job.start is not None:
            moved = replace(moved, start=inputs / job.start.name)
            unpack(self.start, inputs / job.start.name)
        return moved


def packed_run(done: Job, asked: Job) -> bytes:
    """Archive of what a job made; empty where it made nothing.

    Args:
        done: The job with the paths where it was done.
        asked: The job as it was asked for; what the run says of its start is brought back to this one's.
    """
    if not done.folder.exists():
        return b""
    if done.start is not None and asked.start is not None:
        for path in (done.folder / name for name in _NAMING):
            if path.is_file():
                path.write_text(path.read_text("utf-8").replace(str(done.start.resolve()), str(asked.start)), "utf-8")
    return pack(done.folder)


def pack(folder: Path) -> bytes:
    """A folder as an archive."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:  # networks and pictures do not shrink
        archive.add(folder, arcname=".")
    return stream.getvalue()


def unpack(held: bytes, folder: Path) -> None:
    """Make a folder from an archive: it appears whole, in place of one that stood there.

    Raises:
        DiskError: The disk is full or may not be written.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
    try:
        new, old = made / "new", made / "old"
        new.mkdir()
        with tarfile.open(fileobj=io.BytesIO(held)) as archive:
            archive.extractall(new, filter="data")
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
    except OSError as error:
        raise disk_error(error, folder) or error from error
    finally:
        shutil.rmtree(made, ignore_errors=True)
