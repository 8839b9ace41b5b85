"""Find the table of who is in the data of a run: in its audit, or made of its manifest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from chestnut.data.manifest import COLUMNS
from chestnut.data.table_one import TableOne
from chestnut.report.sections.findings import Findings


def read_table(frame: pd.DataFrame | None, facts: Mapping[str, Any], findings: Findings | None) -> TableOne | None:
    """Return who is in the data, by split and class; None where there is no manifest either.

    Args:
        frame: The rows of a manifest.csv as text.
        facts: The content of the data.json beside it.
        findings: The findings of the run's audit, which also knows the image files; None where there was none.

    Raises:
        DataError: The table in the audit is damaged.
    """
    if findings is not None and findings.table is not None:
        return findings.table
    if frame is None:
        return None
    own = {str(name): frame[name].tolist() for name in frame if name not in COLUMNS or name == "source"}
    known = {name: cells for name, cells in own.items() if any(cells)}
    return TableOne.of(frame, [str(name) for name in facts.get("classes", ())], known)
