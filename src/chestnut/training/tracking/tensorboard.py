"""TensorBoard: event files within the run folder, a scalar each metric and epoch, and the recipe for its HParams tab.

Needs no TensorFlow. What is written of the recipe is what `tensorboard.plugins.hparams.summary` writes, which does.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chestnut.config import Recipe
from chestnut.files.atomic import replacing
from chestnut.runs.folder import RunFolder
from chestnut.training.tracking.content import final, parameters, places, series

if TYPE_CHECKING:
    from tensorboard.summary import Writer


class TensorBoard:
    """A tracker that is always there."""

    given = "tensorboard"

    def __init__(self) -> None:
        self._writer: Writer | None = None

    def begin(self, run: RunFolder) -> int:
        """Open an event file, after one that holds the recipe."""
        from tensorboard.summary import Writer

        write_hparams(run.tensorboard, run.recipe)
        self._writer = Writer(str(run.tensorboard))
        return len(run.history)

    def log(self, rows: Sequence[dict[str, Any]]) -> None:
        """Write the epochs' figures."""
        for row in rows:
            self._scalars(series(row), row["epoch"])

    def end(self, run: RunFolder) -> None:
        """Write the final figures and close the event files."""
        if self._writer is None:
            return
        if there := run.path.exists():
            self._scalars(final(run), run.record.epochs or 0)
        self._writer.close()
        if there:
            _write_status(run.tensorboard, well=run.record.usable)

    def _scalars(self, values: dict[str, float], epoch: int) -> None:
        if self._writer is None:
            return
        for name, value in values.items():
            self._writer.add_scalar(name, value, step=epoch, wall_time=time.time())
        self._writer.flush()


def write_hparams(folder: Path, recipe: Recipe) -> None:
    """Write an event file that makes a run a line of TensorBoard's HParams tab.

    Args:
        folder: The run's event files.
        recipe: Its fields become the columns.
    """
    from tensorboard.plugins.hparams import metadata, plugin_data_pb2

    data = plugin_data_pb2.HParamsPluginData()
    start = data.session_start_info
    start.start_time_secs = time.time()
    for name, value in (parameters(recipe) | places(recipe)).items():
        if isinstance(value, bool):
            start.hparams[name].bool_value = value
        elif isinstance(value, str):
            start.hparams[name].string_value = value
        else:
            start.hparams[name].number_value = value
    _write_event(folder, metadata.SESSION_START_INFO_TAG, data)


def write_experiment(folder: Path, fields: Sequence[str], metric: str) -> None:
    """Write an event file that makes TensorBoard's HParams tab show some fields of runs, and one metric.

    It loads no framework, as TensorBoard's own writer of files would.

    Args:
        folder: Event files beside those of the runs.
        fields: Names of the columns, as `parameters` gives them.
        metric: Tag of a scalar that the runs write.
    """
    from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2
    from tensorboard.summary.writer.record_writer import RecordWriter

    data = plugin_data_pb2.HParamsPluginData()
    data.experiment.time_created_secs = time.time()
    data.experiment.hparam_infos.extend(api_pb2.HParamInfo(name=name) for name in fields)
    data.experiment.metric_infos.append(api_pb2.MetricInfo(name=api_pb2.MetricName(tag=metric)))
    with replacing(folder / f"events.out.tfevents.{int(time.time()):010d}.experiment") as path, path.open("wb") as file:
        RecordWriter(file).write(_event(metadata.EXPERIMENT_TAG, data).SerializeToString())


def _write_status(folder: Path, *, well: bool) -> None:
    from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2

    data = plugin_data_pb2.HParamsPluginData()
    data.session_end_info.end_time_secs = time.time()
    data.session_end_info.status = api_pb2.STATUS_SUCCESS if well else api_pb2.STATUS_FAILURE
    _write_event(folder, metadata.SESSION_END_INFO_TAG, data)


def _write_event(folder: Path, tag: str, data: Any) -> None:
    """A file of its own: TensorBoard reads them in turn, and each is whole before the next begins."""
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    writer = EventFileWriter(str(folder))
    writer.add_event(_event(tag, data))
    writer.close()


def _event(tag: str, data: Any) -> Any:
    from tensorboard.compat.proto import event_pb2
    from tensorboard.plugins.hparams import metadata

    event = event_pb2.Event(wall_time=time.time())
    event.summary.value.add(tag=tag, tensor=metadata.NULL_TENSOR, metadata=metadata.create_summary_metadata(data))
    return event
