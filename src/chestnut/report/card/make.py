"""Make the model card of a run."""

from __future__ import annotations

from typing import Any

from chestnut.explain.checks.file import read_check
from chestnut.report.card import sections
from chestnut.report.card.card import Card
from chestnut.report.checklists.evidence import Evidence, gather
from chestnut.report.identities import Identities
from chestnut.report.sections.findings import read_findings
from chestnut.report.tables.run_tables import run_tables
from chestnut.runs.folder import RunFolder

#: The metrics in the front matter, by the names that the Hugging Face Hub gives them.
_METRICS = {"auroc": "roc_auc", "accuracy": "accuracy", "sensitivity": "recall", "specificity": "specificity"}


def make_card(run: RunFolder, *, identities: bool = False) -> Card:
    """Return the model card of a run. It states what was measured, and of the rest that it was not.

    Args:
        run: The run; its training need not have ended.
        identities: Whether to show the whole path of the data set, as in a report.

    Raises:
        RunError: A file that the run needs is missing or was changed.
        DataError: Another file of the run is damaged.
        StudyFileError: The study.toml of the run is damaged.
    """
    found = gather(run)
    names = Identities.of_folder(run.path, found.facts, run.rows, shown=identities)
    findings = None if (audit := run.audit) is None else read_findings(audit, names)
    tables = {table.name: table for table in run_tables(run, identities=identities)}
    parts = (
        sections.model_details(found),
        sections.intended_use(found),
        sections.factors(found),
        sections.metrics(found),
        sections.evaluation_data(found, len(run.own_looks)),
        sections.training_data(found, names),
        sections.analyses(found, tables),
        sections.ethics(found),
        sections.caveats(found, findings, () if (check := read_check(run)) is None else check.sentences),
    )
    return Card(run.name, _front(run.name, found), tuple(_summary(found)), parts)


def _summary(found: Evidence) -> list[str]:
    sentences = [found.study.title] if found.study.title else []
    sentences = [text if text.endswith((".", "?", "!")) else f"{text}." for text in sentences]
    sentences.append(f"A model that {sections.describe_task(found)}.")
    known = next(iter(found.final.items()), None)
    if known is None:
        sentences.append("It was not judged on images that had no part in its training.")
    else:
        name, one = known
        where = "the test split" if name == "test" else f"the data set {name}"
        sentences.append(
            f"AUROC {one.metrics['auroc']} on {where}: {one.images:,} images of {one.patients:,} patients."
        )
    return [*sentences, "Not a medical device."]


def _front(name: str, found: Evidence) -> dict[str, Any]:
    """Return the front matter; only figures on images that had no part in training are among its results."""
    front: dict[str, Any] = {}
    if found.study.license and not found.study.excludes("license"):
        front["license"] = found.study.license.lower()
    tags = ["chest-x-ray", "medical-imaging", "chestnut"] + ["synthetic-data"] * bool(found.facts.get("synthetic"))
    front |= {"library_name": "keras", "pipeline_tag": "image-classification", "tags": tags}
    results = []
    for split, one in found.final.items():
        figures = [
            {"type": kind, "name": f"{metric}, 95 % interval {one.metrics[metric]}", "value": value}
            for metric, kind in _METRICS.items()
            if (value := one.metrics[metric].value) is not None
        ]
        data = {"name": "test split" if split == "test" else split, "type": "chest-x-ray", "split": split}
        if figures:
            results.append({"task": {"type": "image-classification"}, "dataset": data, "metrics": figures})
    if results:
        front["model-index"] = [{"name": name, "results": results}]
    return front
