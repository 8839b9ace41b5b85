"""Log runs to TensorBoard: event files in the run folder with the metrics, and the recipe for the HParams tab.

This works without TensorFlow, unlike `tensorboard.plugins.hparams.summary`, which writes the same.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chestnut.config import Recipe
from chestnut.files.atomic import replacing
from chestnut.runs.folder import RunFolder
from chestnut.training.tracking.content import final, list_items, parameters, series

if TYPE_CHECKING:
    from tensorboard.summary import Writer


class TensorBoard:
    """A tracker that every run has."""

    given = "tensorboard"

    def __init__(self) -> None:
        self._writer: Writer | None = None

    def begin(self, run: RunFolder) -> int:
        """Write an event file with the recipe, and open one for the metrics."""
        from tensorboard.summary import Writer

        write_hparams(run.tensorboard, run.recipe)
        self._writer = Writer(str(run.tensorboard))
        return len(run.history)

    def log(self, rows: Sequence[dict[str, Any]]) -> None:
        """Write the metrics of epochs."""
        for row in rows:
            self._scalars(series(row), row["epoch"])

    def end(self, run: RunFolder) -> None:
        """Write the final metrics and status, and close the event files."""
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
    """Write an event file that makes a run a row of TensorBoard's HParams tab.

    Args:
        folder: The folder of the run's event files.
        recipe: The recipe, whose fields become the columns.
    """
    from tensorboard.plugins.hparams import metadata, plugin_data_pb2

    data = plugin_data_pb2.HParamsPluginData()
    start = data.session_start_info
    start.start_time_secs = time.time()
    for name, value in (parameters(recipe) | list_items(recipe)).items():
        if isinstance(value, bool):
            start.hparams[name].bool_value = value
        elif isinstance(value, str):
            start.hparams[name].string_value = value
        else:
            start.hparams[name].number_value = value
    _write_event(folder, metadata.SESSION_START_INFO_TAG, data)


def write_experiment(folder: Path, fields: Sequence[str], metric: str) -> None:
    """Write an event file that makes TensorBoard's HParams tab show some fields of runs, and one metric.

    Unlike TensorBoard's own file writer, this loads no framework.

    Args:
        folder: A folder beside those of the runs' event files.
        fields: The names of the columns, as in `parameters`.
        metric: The tag of a scalar that the runs write.
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
    """Write one event to a separate file, which is complete before the next file begins, as TensorBoard requires."""
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
