"""Write the mistakes of a network into a folder: errors.json, and mistakes.csv with a row for each."""

from __future__ import annotations

from dataclasses import asdict, fields
from pathlib import Path

import pandas as pd

from chestnut.files.atomic import write_text
from chestnut.files.csv_files import csv_text
from chestnut.files.json_files import write_json
from chestnut.mistakes.evaluated import Evaluated
from chestnut.mistakes.find import list_decisions
from chestnut.mistakes.mistakes import Decision, Mistakes
from chestnut.mistakes.ranking import rank_mistakes
from chestnut.runs.timestamp import now

FACTS, TABLE = "errors.json", "mistakes.csv"


def write_mistakes(found: Mistakes, evaluated: Evaluated, folder: Path) -> None:
    """Write errors.json and mistakes.csv, which has every mistake, the most confident first.

    Args:
        found: The mistakes.
        evaluated: The images that they were found in.
        folder: An existing folder.

    Raises:
        DiskError: The disk is full or not writable.
    """
    rows = [asdict(one) for one in list_decisions(evaluated, rank_mistakes(evaluated))]
    frame = pd.DataFrame(rows, columns=[field.name for field in fields(Decision)])
    write_text(folder / TABLE, csv_text(frame))
    write_json(folder / FACTS, {"when": now(), **found.to_dict()})
