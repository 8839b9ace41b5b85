"""Batch prediction on a Ray cluster: pieces of a list of images stream through Ray Data, and answers come in order.

Called by `cli`. Each actor loads the bundle once, from bytes that travel to it, and reads the images itself: their
paths must hold on every node. A piece holds the images that `predict_run` would decode together, so that a batch
holds the same images here and there.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chestnut.errors import EngineError
from chestnut.inference.predictions import Predictions, in_chunks, refuse_bad
from chestnut.jobs.machine import threads_a_job
from chestnut.jobs.ray.cluster import in_a_line
from chestnut.jobs.ray.engine import TRAVEL, opened_ray
from chestnut.jobs.worker import job_variables
from chestnut.progress import Bars, silent
from chestnut.runs.folder import RunFolder

#: Blocks that Ray Data plans for at most; each holds several pieces where there are more.
_BLOCKS = 2000


class Predicting:
    """An actor that predicts.

    Args:
        files: Reference to the files of a bundle, by name.
        threads: Of one operation, and that decode.
        variables: Environment variables.
    """

    def __init__(self, files: Any, threads: int, variables: Mapping[str, str]) -> None:
        os.environ.update({**job_variables(threads), **variables})
        import ray

        from chestnut.inference.predict import Predictor

        self._threads = threads
        home = Path(tempfile.mkdtemp(prefix="chestnut-bundle-"))
        try:
            for name, held in ray.get(files).items():
                (home / name).write_bytes(held)
            self._predictor = Predictor.open(home)
        finally:
            shutil.rmtree(home, ignore_errors=True)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Predict pieces: `images`, a JSON list each; gives `part`, predictions each."""
        parts = np.empty(len(batch["images"]), dtype=object)  # else NumPy looks into what it holds
        parts[:] = [self._predictor.predict(json.loads(images), self._threads) for images in batch["images"]]
        return {"part": parts}


def predict_on_ray(
    run: RunFolder,
    images: list[str],
    *,
    address: str | None = None,
    jobs: int | None = None,
    skip_bad: bool = False,
    bars: Bars = silent,
) -> Iterator[Predictions]:
    """Predict images with a run's bundle on a cluster, part by part, in the order given.

    Args:
        run: A trained run.
        images: Absolute paths, which must hold on every node.
        address: The cluster: `ray://HOST:PORT`, `HOST:PORT` or `auto`; None starts one on this machine.
        jobs: Workers side by side; None for as many as fit.
        skip_bad: Leave unreadable images out; else the first piece with one stops the work.
        bars: Shows the progress.

    Raises:
        DataError: No images, or unreadable ones.
        BundleError: The run's bundle is missing or was changed.
        EngineError: The cluster cannot be joined or has no room, or an actor could not work.
    """
    from chestnut.inference.bundle import Bundle

    chunks, threads, done = in_chunks(images), threads_a_job(), 0
    bundle = Bundle.read(run.bundle)
    files = {path.name: path.read_bytes() for path in bundle.folder.iterdir() if path.is_file()}
    variables = {name: text for name, text in os.environ.items() if name.startswith(TRAVEL)}
    with opened_ray(address, jobs, threads) as engine, bars("Predicting") as tick:
        work = _Work(chunks, files, threads, engine.gpus, min(engine.parallel, len(chunks)), variables)
        for chunk, part in zip(chunks, _parts(work), strict=True):
            if not skip_bad:
                refuse_bad(part)
            done += len(chunk)
            tick(done, len(images))
            yield part


@dataclass(frozen=True)
class _Work:
    """What is to be predicted, and with what: pieces of the images, a bundle's files, and what each actor takes."""

    chunks: list[list[str]]
    files: Mapping[str, bytes]
    threads: int
    gpus: int
    actors: int
    variables: Mapping[str, str]


def _parts(work: _Work) -> Iterator[Predictions]:
    """The predictions of each piece, in order, in this process."""
    import ray

    stream = ray.remote(num_cpus=0)(_Stream).remote(work)
    try:
        for _ in work.chunks:
            yield ray.get(stream.next.remote())
    except ray.exceptions.RayError as error:
        cause = getattr(error, "cause", None) or error
        raise EngineError(f"prediction on the cluster failed ({in_a_line(cause)}); try --engine local") from error
    finally:
        with contextlib.suppress(Exception):  # gone already
            ray.kill(stream)


class _Stream:
    """An actor that calls Ray Data, which does not work through a client and writes to its caller's terminal."""

    def __init__(self, work: _Work) -> None:
        self._parts = _streamed(work)

    def next(self) -> Predictions:
        """The next part."""
        return next(self._parts)


def _streamed(work: _Work) -> Iterator[Predictions]:
    """The predictions of each piece, in order."""
    import ray.data

    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # what goes wrong is raised here as well
    context = ray.data.DataContext.get_current()
    context.execution_options.preserve_order = True
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    held = ray.put(dict(work.files))
    rows = [{"images": json.dumps(chunk)} for chunk in work.chunks]
    answers = ray.data.from_items(rows, override_num_blocks=min(len(rows), _BLOCKS)).map_batches(
        Predicting,
        fn_constructor_args=(held, work.threads, work.variables),
        batch_size=1,
        compute=ray.data.ActorPoolStrategy(size=work.actors),
        num_cpus=work.threads,
        num_gpus=work.gpus,
    )
    for row in answers.iter_rows():
        yield row["part"]
