"""Write the page of the mistakes of a network."""

from __future__ import annotations

from pathlib import Path

from chestnut.mistakes.files import read_mistakes
from chestnut.mistakes.labels.files import PAGE
from chestnut.report.identities import Identities
from chestnut.report.render import write_page
from chestnut.report.sections.cards import explain_maps
from chestnut.report.sections.errors import lay_out_mistakes
from chestnut.runs.folder import RunFolder


def write_errors_page(run: RunFolder, folder: Path, path: Path, *, identities: bool = False) -> None:
    """Write the mistakes of a network as one HTML file that opens offline.

    Args:
        run: The run.
        folder: The folder that `write_mistakes` filled.
        path: The page to write.
        identities: Whether to show the names of images, patients and folders. Otherwise the page has numbers in their
            place, which identities.csv in the run folder explains.

    Raises:
        DataError: A file of the folder is missing or damaged.
        DiskError: The disk is full or not writable.
    """
    saved = read_mistakes(folder)
    names = Identities.of_folder(run.path, run.facts, run.rows, shown=identities)
    laid = lay_out_mistakes(saved, names)
    values = {
        "title": f"Errors of {run.name} on {saved.found.split}",
        "found": saved.found,
        "data": names.folder(saved.found.data),
        "synthetic": saved.found.synthetic,
        "sentences": saved.found.headlines[1:],
        "laid": laid,
        "suspects": (run.path / "suspects" / PAGE).is_file(),
        "maps": explain_maps([*laid.confident, *laid.narrow]),
    }
    write_page(path, "errors.html", values, names)
