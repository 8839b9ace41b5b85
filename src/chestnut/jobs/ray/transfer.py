"""Bring the files of a job to a node that does not share the disk, and its run back.

The files travel as bytes, in archives: Ray keeps them in its object store until the node asks for them.
"""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass, replace
from pathlib import Path

from chestnut.files.atomic import write_text
from chestnut.files.folders import replacement_folder
from chestnut.files.reading import read_content, read_text
from chestnut.jobs.job import Job
from chestnut.runs.folder import RunFolder


@dataclass(frozen=True)
class JobFiles:
    """The files of a job as bytes.

    Attributes:
        manifest: The CSV of the images.
        facts: The JSON of `Manifest.facts`.
        run: An archive of the run as far as it was trained; empty before the first epoch.
        start: An archive of the run that this one fine-tunes; empty if there is none.
    """

    manifest: bytes
    facts: bytes
    run: bytes
    start: bytes

    @classmethod
    def read(cls, job: Job) -> JobFiles:
        """Read the files of a job from the disk.

        Raises:
            DataError: The manifest or the facts cannot be read.
        """
        return cls(
            read_content(job.manifest),
            read_content(job.facts),
            pack(job.folder) if job.folder.exists() else b"",
            pack(job.start) if job.start is not None else b"",
        )

    def unpack(self, job: Job, home: Path) -> Job:
        """Write the files into an empty folder, and return the job with its paths there."""
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


def pack_run(done: Job, asked: Job) -> bytes:
    """Return an archive of a job's run, or nothing if it has none.

    Args:
        done: The job with its paths on the node.
        asked: The job with its paths where it was asked for. If the run fine-tunes another, its files name that one by
            the path on the node; the archive names it by the path here.
    """
    if not done.folder.exists():
        return b""
    if done.start is not None and asked.start is not None:
        _rename_start(RunFolder(done.folder), str(done.start.resolve()), str(asked.start))
    return pack(done.folder)


def _rename_start(run: RunFolder, before: str, after: str) -> None:
    """Write another path for the run that a run fine-tunes."""
    if not run.environment_file.is_file():
        return
    text = read_text(run.environment_file)
    write_text(run.environment_file, text.replace(before, after))
    run.write(run.recipe_file, run.recipe_text.replace(before, after))


def pack(folder: Path) -> bytes:
    """Return a folder as an archive."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:  # not compressed: networks and pictures do not shrink
        archive.add(folder, arcname=".")
    return stream.getvalue()


def unpack(content: bytes, folder: Path) -> None:
    """Write an archive as a folder, which appears complete and replaces one that exists.

    Raises:
        DiskError: The disk is full or not writable.
    """
    with replacement_folder(folder) as draft, tarfile.open(fileobj=io.BytesIO(content)) as archive:
        archive.extractall(draft, filter="data")
