"""Show the progress of the Python API's calls on a terminal: bars and live tables on standard error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

from chestnut.cli.shared.output import bar, say
from chestnut.progress import Tick

if TYPE_CHECKING:
    from chestnut.jobs.job import Listener
    from chestnut.studies.study import StudyFolder
    from chestnut.training.epochs.steps import Observer


class TerminalDisplay:
    """A `chestnut.api.display.Display` that draws on a terminal, and writes lines where there is none."""

    def bar(self, label: str) -> AbstractContextManager[Tick]:
        """Draw a progress bar."""
        return bar(label)

    @contextmanager
    def training(self, label: str = "") -> Iterator[Observer]:
        """Draw a table of epochs, under a label such as the source that is left out."""
        from chestnut.cli.shared.live_training import LiveTable

        if label:
            say(f"{label}:")
        with LiveTable() as live:
            yield live

    @contextmanager
    def jobs(self, study: StudyFolder[Any], total: int, what: str, parallel: int) -> Iterator[Listener]:
        """Draw a table of jobs; Ctrl-C ends with the command that continues the study."""
        from chestnut.cli.shared.live_jobs import LiveJobs

        try:
            say(f"{study.path}: {what}, {parallel} at a time")
            with LiveJobs(total) as live:
                yield live
        except KeyboardInterrupt:
            say(f"finished runs are kept; continue with chestnut {study.command} --resume {study.path}")
            raise
