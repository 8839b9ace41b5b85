"""The options that studies share: the folder, the terms that hold for all runs, and where these are trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from chestnut.api.options import StudyOptions as Keywords
from chestnut.cli.shared.display import TerminalDisplay
from chestnut.cli.shared.engine_options import (
    DEFAULT_WAIT,
    AddressOption,
    EngineOption,
    JobsOption,
    WaitOption,
    parse_duration,
)
from chestnut.cli.shared.option_groups import with_group
from chestnut.cli.shared.output import command_line
from chestnut.cli.shared.tracking_options import TrackOption

NameOption = Annotated[
    str | None, typer.Option("--name", help="The name of the study's folder; by default made from its plan.")
]
RunsOption = Annotated[Path, typer.Option("--runs", help="The folder for the studies.")]
FractionOption = Annotated[
    float, typer.Option("--fraction", help="Share of each class's training patients to train on.")
]
MostEpochsOption = Annotated[
    int | None, typer.Option("--epochs", help="The most for each run; by default the recipe's.")
]
ComparisonSeedOption = Annotated[
    int, typer.Option("--seed", help="Seed of the split, the share, and the first run of each.")
]
ResumeOption = Annotated[
    Path | None,
    typer.Option("--resume", metavar="FOLDER", help="Continue the study in this folder; leave out DATA."),
]


@dataclass(frozen=True)
class StudyOptions:
    """The folder of a study, and where its runs are trained; see the options above."""

    name: str | None = None
    runs: Path = Path("runs")
    resume: Path | None = None
    track: Sequence[str] | None = None
    engine: str = "local"
    address: str | None = None
    jobs: int | None = None
    wait: str = DEFAULT_WAIT

    @property
    def path(self) -> Path | None:
        """The folder that was named; None to make the name from the plan."""
        from chestnut.runs.places import named_folder

        return None if self.name is None else named_folder(self.runs, self.name)

    def keywords(self, *, skip_bad: bool = False) -> Keywords:
        """Return the keywords with which the Python API trains the runs and shows their progress."""
        return {
            "runs": self.runs,
            "skip_bad": skip_bad,
            "engine": self.engine,
            "address": self.address,
            "jobs": self.jobs,
            "wait": parse_duration(self.wait),
            "track": self.track or (),
            "display": TerminalDisplay(),
            "command": command_line(),
        }


_OPTIONS: dict[str, Any] = {
    "name": NameOption,
    "runs": RunsOption,
    "resume": ResumeOption,
    "track": TrackOption,
    "engine": EngineOption,
    "address": AddressOption,
    "jobs": JobsOption,
    "wait": WaitOption,
}

#: Give a command the options of a study; it takes them as one `study: StudyOptions`.
with_study_options = with_group("study", StudyOptions, _OPTIONS)


def require_path(path: Path | None) -> Path:
    """Return the folder of a study that was written.

    Raises:
        ValueError: The result has no folder.
    """
    if path is None:
        raise ValueError("the result was not written to a folder")
    return path
