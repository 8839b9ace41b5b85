"""The metrics: what each one is, what it is called in words, and the order in which tables show them."""

from __future__ import annotations

#: Each metric and its definition. For more than two classes, a figure is the plain mean, over the classes that have
#: images, of each class against the rest, unless the definition says otherwise; such a mean is undefined where one of
#: its parts is, or where there is only one class.
METRICS: dict[str, str] = {
    "loss": "cross-entropy in nats, with probabilities clipped to 1.2e-7..1 (the rounding of float32)",
    "accuracy": "share of images decided correctly",
    "balanced_accuracy": "mean over the classes of the share of their images decided correctly",
    "sensitivity": "share of the positive images decided positive (recall); undefined without positive images",
    "specificity": "share of the negative images decided negative; undefined without negative images",
    "precision": "share of the images decided positive that are positive (positive predictive value); undefined where "
    "none is decided positive",
    "npv": "share of the images decided negative that are negative (negative predictive value); undefined where none "
    "is decided negative (Altman and Bland 1994, BMJ 309:102)",
    "f1": "harmonic mean of precision and sensitivity, 2TP/(2TP+FP+FN); undefined without positive images",
    "auroc": "area under the ROC curve, ties counting half; undefined unless both classes are present",
    "auprc": "average precision, the step-wise area under the precision-recall curve; undefined where AUROC is",
    "brier": "mean squared error of the probability, 0..1; summed over more than two classes, 0..2 (Brier 1950)",
    "calibration_error": "mean gap between predicted and observed share in up to 15 bins of equal mass (ECE)",
    "mcc": "Matthews correlation, for more than two classes Gorodkin's R_K (2004); undefined where all images are of "
    "one class or are decided to be",
    "lr_positive": "positive likelihood ratio, sensitivity / (1 − specificity): how many times the odds of disease "
    "rise with a positive decision; infinite where no negative image is decided positive (Deeks and Altman 2004, BMJ "
    "329:168-169)",
    "lr_negative": "negative likelihood ratio, (1 − sensitivity) / specificity: the factor by which the odds of "
    "disease fall with a negative decision; infinite where no negative image is decided negative (Deeks and Altman "
    "2004)",
}

#: The metrics that are given for each class against the rest where there are more than two classes.
CLASS_METRICS = (
    *("sensitivity", "specificity", "precision", "npv", "f1", "auroc", "auprc", "brier", "calibration_error", "mcc"),
    *("lr_positive", "lr_negative"),
)

#: The metrics of which a smaller figure is the better one.
SMALLER_IS_BETTER = ("loss", "brier", "calibration_error", "lr_negative")

#: The metrics in the order of tables: first those that do not depend on the threshold, last those of probabilities.
SHOWN = (
    *("auroc", "auprc", "accuracy", "balanced_accuracy", "sensitivity", "specificity", "precision", "npv"),
    *("lr_positive", "lr_negative", "f1", "mcc", "brier", "calibration_error", "loss"),
)

_WRITTEN = {
    **{"auroc": "AUROC", "auprc": "AUPRC", "f1": "F1", "mcc": "MCC", "npv": "NPV", "brier": "Brier score"},
    **{"lr_positive": "LR+", "lr_negative": "LR−", "val": "validation"},
}


def in_words(name: str) -> str:
    """Return a metric, or a column of history.csv, as it is written within a sentence.

    >>> in_words("val_balanced_accuracy"), in_words("auroc"), in_words("lr_positive")
    ('validation balanced accuracy', 'AUROC', 'LR+')
    """
    if name in _WRITTEN:
        return _WRITTEN[name]
    return " ".join(_WRITTEN.get(part, part) for part in name.split("_"))


def heading(name: str) -> str:
    """Return a metric as it is written at the head of a column, of an axis or of a sentence.

    >>> heading("val_auroc"), heading("f1")
    ('Validation AUROC', 'F1')
    """
    words = in_words(name)
    return words[0].upper() + words[1:]
