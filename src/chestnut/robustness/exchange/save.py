"""Write an exchange test into a run folder."""

from __future__ import annotations

import pandas as pd

from chestnut.evaluation.intervals.estimate import CONFIDENCE
from chestnut.figures.saving import save_both
from chestnut.files.csv_files import csv_text
from chestnut.files.json_files import json_text
from chestnut.robustness.exchange.figure import exchange_figure
from chestnut.robustness.exchange.outcome import Outcome
from chestnut.runs.folder import RunFolder
from chestnut.runs.predictions import PredictionTable
from chestnut.runs.timestamp import now


def save_exchange(run: RunFolder, outcome: Outcome) -> None:
    """Write exchange.json, predictions.csv (a row for each image, condition and draw) and exchange.png.

    Raises:
        DiskError: The disk is full or may not be written.
    """
    folder, manifest, exchange = run.exchange, outcome.manifest, outcome.exchange
    threshold = 0.5 if exchange.threshold is None else exchange.threshold
    parts = []
    for (condition, side, draw), values in outcome.probabilities.items():
        rows = manifest.frame[["path", "label", "patient"]].assign(condition=condition, donor=side, draw=draw)
        parts.append(PredictionTable.build(rows, values, exchange.classes, threshold).frame)
    run.write(folder / "predictions.csv", csv_text(pd.concat(parts)))
    save_both(exchange_figure(exchange), folder / "exchange.png")
    facts = {
        "when": now(),
        "data": str(manifest.root),
        "synthetic": manifest.synthetic,
        "split": "val",
        "resamples": 0,
        "confidence": CONFIDENCE,
    }
    run.write(folder / "exchange.json", json_text(facts | exchange.to_dict()))
