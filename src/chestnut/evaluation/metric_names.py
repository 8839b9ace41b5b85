"""What metrics are called in words, and the order in which tables show them. Called wherever a metric is shown."""

from __future__ import annotations

#: Metrics in the order of tables: those that do not depend on the threshold first, those of probabilities last.
SHOWN = (
    *("auroc", "auprc", "accuracy", "balanced_accuracy", "sensitivity", "specificity", "precision", "f1", "mcc"),
    *("brier", "calibration_error", "loss"),
)

_WRITTEN = {"auroc": "AUROC", "auprc": "AUPRC", "f1": "F1", "mcc": "MCC", "brier": "Brier score", "val": "validation"}


def in_words(name: str) -> str:
    """A metric, or a column of history.csv, as it stands within a sentence.

    >>> in_words("val_balanced_accuracy"), in_words("auroc")
    ('validation balanced accuracy', 'AUROC')
    """
    return " ".join(_WRITTEN.get(part, part) for part in name.split("_"))


def heading(name: str) -> str:
    """The same at the head of a column, of an axis or of a sentence.

    >>> heading("val_auroc"), heading("f1")
    ('Validation AUROC', 'F1')
    """
    said = in_words(name)
    return said[0].upper() + said[1:]
