"""Write the report of a run.

Where the run folder lacks something, because training failed or is still going on, or because nobody has evaluated the
run yet, the page says so in its place.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from chestnut.config import EnsembleConfig
from chestnut.data.manifest import SPLITS
from chestnut.evaluation.metric_names import heading, in_words
from chestnut.inference.run_bundle import find_run_bundle
from chestnut.mistakes.labels.files import PAGE
from chestnut.report.identities import Identities
from chestnut.report.render import duration, list_figures, picture, time, write_page
from chestnut.report.sections.calibration import read_calibration_section
from chestnut.report.sections.control import read_control_sections
from chestnut.report.sections.counts import count_images
from chestnut.report.sections.diagnosis import read_advice
from chestnut.report.sections.embedding import read_embedding_section
from chestnut.report.sections.evaluations import METRICS, gap, read_results
from chestnut.report.sections.exchange import read_exchange_section
from chestnut.report.sections.findings import Findings, read_findings
from chestnut.report.sections.guard import read_guard_section
from chestnut.report.sections.map_check import read_map_check
from chestnut.report.sections.recipe import recipe_rows
from chestnut.report.sections.stress import read_sources, read_stress
from chestnut.report.sections.study import read_study_section
from chestnut.report.sections.table import read_table
from chestnut.report.sections.verdict import explain_looks, judge
from chestnut.runs.flow import read_flow
from chestnut.runs.folder import RunFolder
from chestnut.runs.ledger import Look
from chestnut.runs.record import RunRecord

_ENDS = {
    "epochs": "after all epochs",
    "early": "early stopping: no better epoch for as long as the recipe waits",
    "interrupted": "stopped by Ctrl-C",
}
_STATUS = {"training": "training has not ended", "stopped": "stopped by Ctrl-C", "failed": "failed"}
_HISTORY = (
    *("loss", "accuracy", "val_loss", "val_accuracy", "val_balanced_accuracy", "val_auroc"),
    *("learning_rate", "seconds"),
)


def write_run_page(run: RunFolder, path: Path, *, identities: bool = False) -> None:
    """Write the report of a run as one HTML file that opens offline.

    Args:
        run: The run; its training need not have ended.
        path: The page to write.
        identities: Whether to show the names of images, patients and folders. Otherwise the page has numbers in their
            place, which identities.csv in the run folder explains.

    Raises:
        RunError: A file that the run needs is missing or damaged.
        DataError: Another file of the run is damaged.
        DiskError: The disk is full or not writable.
    """
    facts, record, rows = run.facts, run.record, run.rows
    names = Identities.of_folder(run.path, facts, rows, shown=identities)
    results = read_results(run, names)
    findings = None if (audit := run.audit) is None else read_findings(audit, names, run.finding_pictures)
    exchange = read_exchange_section(run)
    stresses = read_stress(run, names)
    values = {
        "title": run.name,
        "recipe": run.recipe,
        "facts": names.facts(facts),
        "record": record,
        "status": _STATUS.get(record.status, ""),
        "synthetic": bool(facts.get("synthetic")),
        "verdict": judge(run, results, findings, None if exchange is None else exchange.result, stresses),
        "study": read_study_section(run),
        "flow": read_flow(run),
        "counts": count_images(rows, facts),
        "table": read_table(rows, facts, findings),
        "samples": picture(run.figures / "samples.png"),
        "findings": findings,
        "rivals": _rivals(findings, results),
        "recipe_rows": recipe_rows(run.recipe),
        "recipe_text": run.recipe_text,
        "repeat": _repeat(run, facts, record),
        "results": results,
        "galleries": _find_galleries(run),
        "metrics": METRICS,
        "gap": gap(results),
        "calibrated": read_calibration_section(run, names),
        "guard": read_guard_section(run),
        "embedding": read_embedding_section(run),
        "exchange": exchange,
        "controls": read_control_sections(run),
        "stresses": stresses,
        "maps": read_map_check(run),
        "sources": read_sources(run),
        "ledger": [_look(look, record.holdout, names) for look in run.ledger.looks],
        "lesson": explain_looks(run.own_looks, record.holdout or ""),
        "environment_rows": _environment_rows(run, record, names),
    }
    write_page(path, "run.html", values | _training(run, record), names, follow=path != run.report_file)


def _training(run: RunFolder, record: RunRecord) -> dict[str, Any]:
    """Return what the page shows of the training."""
    history = run.history
    names, epochs = [heading(column) for column in _HISTORY if column in history], _history(history)
    return {
        "threads": record.threads,
        "hosts": record.hosts or 1,
        "curves": picture(run.figures / "history.png"),
        "training_rows": _training_rows(run, record, history),
        "history_names": names,
        "history": epochs,
        "spoken_epoch": _speak(epochs, names, record.best_epoch),
        "best_epoch": record.best_epoch,
        "advice": read_advice(run),
        "members": record.members,
    }


def _find_galleries(run: RunFolder) -> list[tuple[str, str]]:
    """Return the pages of pictures in the run's folder: the path of each, and what it shows."""
    known = [(f"errors/{split}/errors.html", f"the mistakes on {split}") for split in SPLITS]
    known.append((f"suspects/{PAGE}", "labels that may be wrong"))
    return [(path, words) for path, words in known if (run.path / path).is_file()]


def _look(look: Look, holdout: str | None, names: Identities) -> Look:
    """Return a look with the names replaced in its command and its data set."""
    fold = holdout is not None and look.data.startswith(holdout)
    return replace(look, command=names.command(look.command), data=look.data if fold else names.folder(look.data))


def _rivals(findings: Findings | None, results: list[Any]) -> list[tuple[str, Any, bool]]:
    """Return what the chart of the probes compares: what each sees, its AUROC, and whether it is this model."""
    if findings is None or not findings.probes:
        return []
    probes = [(f"Sees only {probe.sees}", probe.auroc, False) for probe in findings.probes]
    own = [(f"This model, {result.title.lower()}", result.metric("auroc"), True) for result in results[:1]]
    return [item for item in (*probes, *own) if item[1].value is not None]


def _repeat(run: RunFolder, facts: Mapping[str, Any], record: RunRecord) -> str:
    """Return the command that repeats the run, with the images and splits of its manifest."""
    if isinstance(run.recipe.model, EnsembleConfig):
        return " \\\n    ".join(["chestnut ensemble", *(shlex.quote(one) for one in run.recipe.model.members)])
    if record.imported is not None:
        return record.command or "chestnut import"
    parts = [["chestnut", "train", str(run.manifest_file)], ["--recipe", str(run.recipe_file)]]
    if facts.get("positive") and run.recipe.data.positive is None:
        parts.append(["--positive", str(facts["positive"])])
    if record.devices is not None and record.devices > 1 and record.hosts == 1:
        parts.append(["--devices", str(record.devices)])
    if record.threads is not None:
        parts.append(["--threads", str(record.threads)])
    return " \\\n    ".join(shlex.join(part) for part in parts)


def _training_rows(run: RunFolder, record: RunRecord, history: pd.DataFrame) -> list[tuple[str, str]]:
    epochs = len(history)
    parameters = ("Parameters", f"{record.parameters or 0:,}")
    if (found := record.imported) is not None:
        return [
            ("Imported from", f"{found.file}, {found.bytes:,} bytes, written by Keras {found.keras}"),
            ("SHA-256 of the file", found.sha256),
            ("Checked", found.parity),
            ("Original program", found.trust),
            parameters,
        ]
    if record.members:
        return [("Members", str(len(record.members))), parameters]
    if record.fitted:
        took = duration(float(history["seconds"].sum()) if "seconds" in history else None)
        return [("Fitted", _describe_fit(record.fitted)), ("Time", took), parameters]
    rows = [("Epochs", f"{epochs} of at most {run.recipe.train.epochs}")]
    if record.best_epoch is not None:
        rows.append(("Weights kept", "the start's" if record.kept_start else f"of epoch {record.kept_epoch}"))
    if record.stopped_by:
        rows.append(("How it ended", _ENDS.get(record.stopped_by, record.stopped_by)))
    if epochs and "seconds" in history:
        spent = float(history["seconds"].sum())
        rows.append(("Time", f"{duration(spent)}, {duration(float(history['seconds'].median()))} an epoch"))
    if record.parameters:
        rows.append(parameters)
    return rows


def _describe_fit(facts: Mapping[str, Any]) -> str:
    """Say what the fit of a classical method chose, and the figures of its inner folds."""
    return ", ".join(
        f"{in_words(name)} {value:g}" if isinstance(value, float) else f"{in_words(name)} {value:,}"
        for name, value in facts.items()
        if value is not None
    )


def _history(history: pd.DataFrame) -> list[tuple[int, list[str]]]:
    """Return each epoch with its figures as text."""
    columns = [column for column in _HISTORY if column in history]
    formats = {"learning_rate": "{:.3g}", "seconds": "{:.1f}"}
    return [
        (
            int(row["epoch"]),
            ["–" if pd.isna(row[name]) else formats.get(name, "{:.4f}").format(row[name]) for name in columns],
        )
        for row in history.to_dict("records")
    ]


def _speak(history: list[tuple[int, list[str]]], names: list[str], best: int | None) -> str:
    """Put the figures of the epoch that was kept, or else of the last, into words."""
    if not history:
        return ""
    epoch, cells = next((row for row in history if row[0] == best), history[-1])
    return f"Epoch {epoch}: {list_figures(zip(names, cells, strict=True))}"


def _arithmetic(run: RunFolder) -> dict[str, Any]:
    threads = run.record.threads
    return {"Arithmetic": run.recipe.train.precision, "Threads of one operation": threads, "Seed": run.recipe.seed}


def _environment_rows(run: RunFolder, record: RunRecord, names: Identities) -> list[tuple[str, str]]:
    bundle = find_run_bundle(run)
    rows = {
        "Command": names.command(record.command or ""),
        "Started": time(record.started),
        "Resumed": ", ".join(time(moment) for moment in record.resumed),
        "Ended": time(record.ended),
        "Device": record.device,
        "Backend": record.backend,
        **({} if record.members else _arithmetic(run)),
        "model.onnx": "" if bundle is None else bundle.parity,
        "Commit of chestnut": record.commit or "not known: an installed copy",
        "Python": record.python,
        "System": record.system,
        "Versions": ", ".join(f"{name} {version}" for name, version in record.versions.items()),
    }
    return [(name, str(value)) for name, value in rows.items() if value]
