"""The table of labels to review: suspects first, in a form that `chestnut train` reads."""

from __future__ import annotations

import pandas as pd

from chestnut.data.attributes import LABEL_REVIEW
from chestnut.data.manifest import Manifest
from chestnut.mistakes.labels.quality import LabelQuality
from chestnut.runs.predictions import PredictionTable


def make_review_table(manifest: Manifest, table: PredictionTable, quality: LabelQuality) -> pd.DataFrame:
    """Return every image of a data set with its label, those first whose labels should be looked at first.

    Whoever reviews the labels changes the column `label`. Training reads that column, the patients and the splits, so
    that a second run sees the same images in the same splits; the columns about the review are left out there.

    Args:
        manifest: All images, with absolute paths.
        table: The images that were judged, some or all of these.
        quality: The quality of their labels, in the order of the table's rows.

    Returns:
        The columns path, label, given_label, suggested_label, label_suspect (yes, no, or empty for images that were not
        judged), label_probability and suggested_probability, then all other columns of the manifest but sha256.
    """
    frame = table.frame
    rows = quality.order
    suggested = quality.suggested[rows]
    judged = pd.DataFrame(
        {
            "path": frame["path"].to_numpy(dtype=str)[rows],
            "given_label": frame["label"].to_numpy(dtype=str)[rows],
            "suggested_label": [table.classes[number] for number in suggested],
            "label_suspect": ["yes" if suspect else "no" for suspect in quality.suspect[rows]],
            "label_probability": quality.self_confidence[rows].round(4).astype(str),
            "suggested_probability": table.probabilities[rows, suggested].round(4).astype(str),
        }
    )
    everything = manifest.frame.drop(columns="sha256")
    known = judged["path"].isin(set(everything["path"]))
    merged = judged[known].merge(everything, on="path", how="left")
    others = everything[~everything["path"].isin(set(judged["path"]))]
    whole = pd.concat([merged, others.assign(given_label=others["label"])], ignore_index=True).fillna("")
    first = ["path", "label", *LABEL_REVIEW]
    return whole[[*first, *(name for name in whole if name not in first)]]
