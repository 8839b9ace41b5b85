"""Make a checklist of a run."""

from __future__ import annotations

from chestnut.errors import DataError, suggest
from chestnut.report.checklists import claim, tripod
from chestnut.report.checklists.checklist import Checklist, answer_items
from chestnut.report.checklists.evidence import gather
from chestnut.runs.folder import RunFolder

#: The checklists by their short names: title, source and items.
CHECKLISTS = {
    "claim": (claim.TITLE, claim.SOURCE, claim.ITEMS),
    "tripod": (tripod.TITLE, tripod.SOURCE, tripod.ITEMS),
}


def make_checklist(run: RunFolder, name: str) -> Checklist:
    """Return a checklist with what a run has for each item.

    Args:
        run: The run; its training need not have ended.
        name: One of `CHECKLISTS`.

    Raises:
        DataError: There is no such checklist, or a file of the run is damaged.
        RunError: A file that the run needs is missing or was changed.
        StudyFileError: The study.toml of the run is damaged.
    """
    if name not in CHECKLISTS:
        raise DataError(f"checklist={name}: there is no such checklist; {suggest(name, CHECKLISTS)}")
    title, source, items = CHECKLISTS[name]
    return Checklist(name, title, source, run.name, answer_items(items, gather(run)))
