"""Predict a list of images on a Ray cluster, in chunks; the answers come in the order of the images.

Each actor loads the bundle once, from bytes that travel to it, and reads the images itself: their paths must be valid
on every node. A chunk contains the images that are decoded together on one machine, so that a batch contains the same
images as on one machine.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from chestnut.errors import EngineError
from chestnut.inference.bundle import Bundle
from chestnut.inference.predictions import Predictions, in_chunks
from chestnut.jobs.machine import threads_per_job
from chestnut.jobs.process import job_variables
from chestnut.jobs.ray.answers import ActorLostError, ClusterLostError, Handle, TaskFailedError
from chestnut.jobs.ray.cluster import rejoin_cluster, travelling_variables
from chestnut.jobs.ray.engine import RayEngine, open_ray_engine
from chestnut.jobs.ray.room import describe_busy, describe_missing

#: The most blocks that Ray Data plans for; with more chunks, a block contains several.
_BLOCKS = 2000

#: How often the prediction is taken up again after a node or the cluster was lost.
_RETRIES = 3

#: Seconds without an answer after which to look whether a node is missing, and whether there is room.
_SOON, _SILENT = 3.0, 12.0


class ChunkPredictor:
    """An actor that predicts chunks of images.

    Args:
        files: Ray's reference to the files of a bundle, by name.
        threads: The number of threads of one operation, and of threads that decode.
        variables: Environment variables for the actor.
        guarded: Whether images are to be judged by the guard.
    """

    def __init__(self, files: Any, threads: int, variables: Mapping[str, str], guarded: bool) -> None:
        os.environ.update({**job_variables(threads), **variables})
        import ray

        from chestnut.inference.engine_choice import EngineSettings, open_predictor

        self._threads = threads
        home = Path(tempfile.mkdtemp(prefix="chestnut-bundle-"))
        try:
            for name, content in ray.get(files).items():
                (home / name).write_bytes(content)
            self._predictor = open_predictor(Bundle.read(home), EngineSettings(workers=threads), guarded=guarded)
        finally:
            shutil.rmtree(home, ignore_errors=True)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Predict each chunk of `images`, a JSON list, and return the predictions of each as `part`."""
        parts = np.empty(len(batch["images"]), dtype=object)  # NumPy would make an array of what is in a part
        parts[:] = [self._predictor.predict(json.loads(images), self._threads) for images in batch["images"]]
        return {"part": parts}


def predict_on_ray(
    bundle: Bundle,
    images: Iterable[str],
    *,
    address: str | None = None,
    jobs: int | None = None,
    wait: float = 60.0,
    guarded: bool = True,
) -> Iterator[Predictions]:
    """Predict images with a bundle on a cluster, and yield the predictions chunk by chunk, in order.

    Args:
        bundle: The bundle.
        images: Absolute paths, valid on every node.
        address: The cluster: `ray://HOST:PORT`, `HOST:PORT` or `auto`; None starts one on this machine.
        jobs: The number of actors side by side; None for as many as the cluster has room for.
        wait: The seconds to wait for a cluster that is silent or has no room.
        guarded: Whether images are to be judged by the guard, if the bundle has one.

    Raises:
        BundleError: The bundle was changed, or its output for an image is NaN or infinite.
        EngineError: The cluster cannot be joined or has no room for an actor, or an actor failed.
    """
    chunks, threads = list(in_chunks(images)), threads_per_job()
    files = {path.name: path.read_bytes() for path in bundle.folder.iterdir() if path.is_file()}
    with open_ray_engine(address, jobs, threads, wait) as engine:
        actors = min(engine.parallel, len(chunks))
        work = _Work(chunks, files, threads, engine.gpus, actors, travelling_variables(), guarded)
        yield from _predict_remotely(engine, work)


@dataclass(frozen=True)
class _Work:
    """Chunks of images, the files of a bundle, and the number of actors with what each takes."""

    chunks: list[list[str]]
    files: Mapping[str, bytes]
    threads: int
    gpus: int
    actors: int
    variables: Mapping[str, str]
    guarded: bool


def _predict_remotely(engine: RayEngine, work: _Work) -> Iterator[Predictions]:
    """Yield the predictions of each chunk, in order, in this process; go on where a lost node or cluster left off."""
    chunks, losses = list(work.chunks), 0
    while chunks:
        try:
            for part in _stream_parts(engine, replace(work, chunks=list(chunks))):
                del chunks[0]
                yield part
        except (ActorLostError, ClusterLostError) as error:
            losses += 1
            if losses > _RETRIES:
                raise EngineError(f"prediction on the cluster was lost {losses} times ({_reason(error)})") from error
            if isinstance(error, ClusterLostError):
                rejoin_cluster(engine.cluster, engine.patience, str(error))


def _reason(error: ActorLostError | ClusterLostError) -> str:
    return error.text if isinstance(error, ActorLostError) else str(error)


def _stream_parts(engine: RayEngine, work: _Work) -> Iterator[Predictions]:
    """Yield the predictions of each chunk as an actor on the cluster gives them."""
    cluster, needs = engine.cluster, {"num_cpus": work.threads, "num_gpus": work.gpus}
    with _actor(engine, _Probe, needs) as probe:
        _receive(engine, work, cluster.call(probe, "ready"), busy=describe_busy(work.threads, work.gpus))
    with _actor(engine, _Stream, {"num_cpus": 0}, work) as stream:
        for _ in work.chunks:
            try:
                yield _receive(engine, work, cluster.call(stream, "next"))
            except TaskFailedError as error:
                raise EngineError(f"prediction on the cluster failed ({error.text}); use the engine local") from error


@contextlib.contextmanager
def _actor(engine: RayEngine, kind: type, options: Mapping[str, Any], *arguments: Any) -> Iterator[Handle]:
    """Create an actor, and end it after the block."""
    actor = engine.cluster.create(kind, options, *arguments)
    try:
        yield actor
    finally:
        with contextlib.suppress(ClusterLostError), engine.patience.hurried():
            engine.cluster.kill(actor)


def _receive(engine: RayEngine, work: _Work, answer: Handle, busy: str = "") -> Any:
    """Wait for an answer as long as nodes are up, and as long as patience lasts where none is.

    Args:
        engine: The engine.
        work: What is predicted.
        answer: The answer.
        busy: What to report if it does not come though nodes are up; empty to wait for it.
    """
    cluster, patience = engine.cluster, engine.patience
    began = patience.clock()
    while not cluster.wait([answer], 1.0):
        if patience.clock() - began < _SOON:
            continue
        nodes = cluster.nodes()
        if not nodes and cluster.own:
            raise ClusterLostError("the Ray of this machine has died")
        missing = describe_missing(nodes, work.threads, work.gpus)
        if missing or (busy and patience.clock() - began >= _SILENT):
            patience.report(missing or busy)
        elif not busy:
            patience.end()
    patience.end()
    return cluster.get(answer)


class _Probe:
    """An actor that starts as soon as there is room for one that predicts."""

    def ready(self) -> bool:
        """Answer that it has started."""
        return True


class _Stream:
    """An actor that calls Ray Data, since that does not work through a client and writes to its caller's terminal."""

    def __init__(self, work: _Work) -> None:
        self._parts = _predict_chunks(work)

    def next(self) -> Predictions:
        """Return the predictions of the next chunk."""
        return next(self._parts)


def _predict_chunks(work: _Work) -> Iterator[Predictions]:
    """Yield the predictions of each chunk, in order."""
    import ray.data

    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # errors are raised here as well
    context = ray.data.DataContext.get_current()
    context.execution_options.preserve_order = True
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    files = ray.put(dict(work.files))
    rows = [{"images": json.dumps(chunk)} for chunk in work.chunks]
    answers = ray.data.from_items(rows, override_num_blocks=min(len(rows), _BLOCKS)).map_batches(
        ChunkPredictor,
        fn_constructor_args=(files, work.threads, work.variables, work.guarded),
        batch_size=1,
        compute=ray.data.ActorPoolStrategy(size=work.actors),
        num_cpus=work.threads,
        num_gpus=work.gpus,
    )
    for row in answers.iter_rows():
        yield row["part"]
