"""Show what the network of a run decided wrongly, and what such images have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from chestnut.api.options import DisplayOptions, DisplaySettings, read_options

if TYPE_CHECKING:
    from chestnut.mistakes.mistakes import Mistakes
    from chestnut.runs.folder import RunFolder


def errors(run: RunFolder, split: str, **options: Unpack[DisplayOptions]) -> Mistakes:
    """Show what a run decided wrongly in an evaluation; see `Run.errors`."""
    from chestnut.files.folders import replacement_folder
    from chestnut.mistakes.files import write_mistakes
    from chestnut.mistakes.find import find_mistakes

    read_options(DisplaySettings, options)
    found, evaluated = find_mistakes(run, split)
    with replacement_folder(run.errors(split)) as draft:
        write_mistakes(found, evaluated, draft)
    return found
