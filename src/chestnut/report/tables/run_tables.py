"""The tables of a run: who is in the data, how it was trained, and what it can do."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from chestnut.data.table_one import TableOne
from chestnut.evaluation.metric_names import heading
from chestnut.inference.run_bundle import find_run_bundle
from chestnut.report.identities import Identities
from chestnut.report.sections.counts import Counts, count_images
from chestnut.report.sections.findings import read_findings
from chestnut.report.sections.stress import StressSection, read_stress
from chestnut.report.sections.table import read_table
from chestnut.report.tables.evaluation_tables import evaluation_tables
from chestnut.report.tables.table import Cell, Table
from chestnut.runs.flow import Box, Flow, read_flow
from chestnut.runs.folder import RunFolder


def run_tables(run: RunFolder, *, identities: bool = False) -> tuple[Table, ...]:
    """Return every table that a run has something for.

    Args:
        run: The run; its training need not have ended.
        identities: Whether commands and folders show the names of images and patients, as in a report.

    Raises:
        RunError: A file that the run needs is missing or was changed.
        DataError: Another file of the run is damaged.
    """
    names = Identities.of_folder(run.path, run.facts, run.rows, shown=identities)
    tables = [
        *_data_tables(run, names),
        *_history_table(run.history),
        *(table for name in run.evaluations() for table in evaluation_tables(run, name)),
        *_stress_tables(read_stress(run, names)),
        *_threshold_tables(run, names),
        *_ledger_table(run, names),
    ]
    if tables and not identities:
        names.save()
    return tuple(tables)


def _data_tables(run: RunFolder, names: Identities) -> Iterator[Table]:
    facts, rows = run.facts, run.rows
    findings = None if (audit := run.audit) is None else read_findings(audit, names)
    yield _flow(read_flow(run))
    if (one := read_table(rows, facts, findings)) is not None:
        yield _table_one(one)
    if (counts := count_images(rows, facts)) is not None:
        yield _counts(counts)


def _flow(found: Flow) -> Table:
    rows: list[list[Cell]] = []

    def add(box: Box, step: str, part: str) -> None:
        rows.extend([f"left out: {one.reason}", part, one.images, one.patients] for one in box.left_out)
        rows.append([step, part, box.images, box.patients])

    if found.found is not None and found.used is not None:
        add(found.found, "found", "")
        add(found.used, "used", "")
    for branch in found.branches:
        add(branch.split, "split", branch.split.name)
        if branch.judged is not None:
            add(branch.judged, "judged", branch.split.name)
    for box in found.elsewhere:
        add(box, "judged", box.name)
    return Table.of(
        "flow", "Images and patients from found to judged", ["step", "part", "images", "patients"], rows, found.notes
    )


def _table_one(found: TableOne) -> Table:
    rows: list[list[Cell]] = [
        [row.variable, row.level, *map(_count, row.cells), row.splits, row.classes] for row in found.rows
    ]
    columns = ("variable", "level", *found.columns, "SMD of splits", "SMD of classes")
    return Table.of("table-1", "Who is in the data", columns, rows, found.notes)


def _count(cell: str) -> Cell:
    """Return a cell that is a count alone as a number."""
    plain = cell.replace(",", "")
    return int(plain) if plain.isdecimal() else cell


def _counts(found: Counts) -> Table:
    rows: list[list[Cell]] = []
    for label, cells in found.rows:
        rows.append([label, *(number for cell in cells for number in (cell.images, cell.patients))])
    columns = ["class", *(f"{split} {what}" for split in found.splits for what in ("images", "patients"))]
    return Table.of("counts", "Images and patients by class and split", columns, rows)


def _history_table(history: pd.DataFrame) -> Iterator[Table]:
    if len(history):
        rows: list[list[Cell]] = [
            [int(value) if name == "epoch" else float(value) for name, value in row.items()]
            for row in history.to_dict("records")
        ]
        yield Table.of("history", "Every epoch of training", [heading(str(name)) for name in history], rows)


def _stress_tables(found: tuple[StressSection, ...]) -> Iterator[Table]:
    for section in found:
        partial = section.mean is None
        shown = [("plain images", "as they are", section.plain, section.lungs_lost)]
        if section.mean is not None:
            shown.append(("mean of the shifts", "", section.mean, None))
        shown += [(one.name, one.summary, one.figures, one.lungs_lost) for one in section.shifts]
        rows: list[list[Cell]] = [
            [name, summary, made.auroc, made.drop, made.sensitivity, made.specificity, lost]
            for name, summary, made, lost in shown
        ]
        columns = ["shift", "what it does", "AUROC", "loss of AUROC", "sensitivity", "specificity", "lungs not found"]
        if all(row[-1] is None for row in rows):
            columns, rows = columns[:-1], [row[:-1] for row in rows]
        notes = [f"{section.images:,} validation images of {section.patients:,} patients.", section.sentence]
        yield Table.of(
            "shifts-partial" if partial else "shifts",
            "Under some of the shifts" if partial else "Under shifts",
            columns,
            rows,
            notes,
        )
        if section.points:
            points = [(one.chosen, one.condition, one.sensitivity, one.specificity) for one in section.points]
            columns = ["threshold", "images", "sensitivity", "specificity"]
            name = "shift-thresholds-partial" if partial else "shift-thresholds"
            yield Table.of(name, f"Thresholds under shifts, for {section.goal}", columns, points)


def _threshold_tables(run: RunFolder, names: Identities) -> Iterator[Table]:
    bundle = find_run_bundle(run)
    if bundle is not None and (point := bundle.operating_point) is not None:
        promised = point.promised
        row = (point.rule, point.on, point.threshold, promised.sensitivity, promised.specificity)
        columns = ["rule", "chosen on", "threshold", "sensitivity", "specificity"]
        note = (
            "The rates are those on each half of the patients, by the threshold that the rule chose on the other half."
        )
        yield Table.of("operating-point", "The operating point", columns, [row], [note])
    if changes := run.record.thresholds:
        rows = [(one.when, one.rule, one.on, one.before, one.threshold, names.command(one.command)) for one in changes]
        columns = ["when", "rule", "chosen on", "threshold before", "threshold after", "command"]
        yield Table.of("thresholds", "Changes of the threshold", columns, rows)


def _ledger_table(run: RunFolder, names: Identities) -> Iterator[Table]:
    if looks := run.ledger.looks:
        rows = [
            (
                number,
                look.when,
                look.images,
                names.folder(look.data) if look.data else "",
                look.weights,
                names.command(look.command),
            )
            for number, look in enumerate(looks, start=1)
        ]
        columns = ["look", "when", "images", "data", "weights (SHA-256)", "command"]
        yield Table.of("ledger", "Looks at a test split", columns, rows)
