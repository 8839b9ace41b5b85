"""Compute every metric with an interval over patients: chestnut against a loop of scikit-learn calls.

    python -m benchmarks.bootstrap

It prints the result of `run` as JSON.
"""

from __future__ import annotations

import json
import os
import time
import warnings

import numpy as np

IMAGES, PATIENTS, RESAMPLES = 1000, 500, 2000
PEER_RESAMPLES = 40  # every resample of the loop takes equally long, so its time is scaled up


def run() -> dict:
    """Return the seconds for 2,000 resamples of 1,000 images of two classes on one core, and chestnut's speed-up."""
    from chestnut.evaluation.metric_names import METRICS
    from chestnut.evaluation.metrics import evaluate

    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    if cores:
        os.sched_setaffinity(0, {min(cores)})
    try:
        targets, probabilities, patients = _sample()
        classes = ["NORMAL", "PNEUMONIA"]
        evaluate(targets, probabilities, patients, classes, resamples=10)
        chestnut, peer = [], []
        for turn in range(3):
            started = time.perf_counter()
            evaluate(targets, probabilities, patients, classes, resamples=RESAMPLES, seed=turn)
            chestnut.append(time.perf_counter() - started)
            started = time.perf_counter()
            _loop(targets, probabilities, patients, PEER_RESAMPLES, seed=turn)
            peer.append((time.perf_counter() - started) * RESAMPLES / PEER_RESAMPLES)
    finally:
        if cores:
            os.sched_setaffinity(0, cores)
    ours, theirs = float(np.median(chestnut)), float(np.median(peer))
    return {
        "images": IMAGES,
        "patients": PATIENTS,
        "resamples": RESAMPLES,
        "metrics": len(METRICS),
        "chestnut_seconds": round(ours, 4),
        "sklearn_loop_seconds": round(theirs, 1),
        "ratio": round(theirs / ours),
    }


def _sample() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 2, IMAGES)
    scores = 1 / (1 + np.exp(-rng.normal(2.0 * targets - 1, 1.3)))
    return targets, np.c_[1 - scores, scores], rng.integers(0, PATIENTS, IMAGES).astype(str)


def _loop(targets: np.ndarray, probabilities: np.ndarray, patients: np.ndarray, draws: int, seed: int) -> None:
    """Do what a notebook does: draw patients, gather their rows, call scikit-learn for each metric."""
    from sklearn import metrics as sk
    from sklearn.calibration import calibration_curve

    rng = np.random.default_rng(seed)
    rows_of = {name: np.flatnonzero(patients == name) for name in np.unique(patients)}
    names = np.array(list(rows_of))
    found = []
    for _ in range(draws):
        rows = np.concatenate([rows_of[name] for name in rng.choice(names, len(names))])
        truth, scores = targets[rows], probabilities[rows, 1]
        decided = scores >= 0.5
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            observed, predicted = calibration_curve(truth, scores, n_bins=15, strategy="quantile")
            found.append(
                (
                    sk.log_loss(truth, scores),
                    sk.accuracy_score(truth, decided),
                    sk.balanced_accuracy_score(truth, decided),
                    sk.recall_score(truth, decided),
                    sk.recall_score(1 - truth, ~decided),
                    sk.precision_score(truth, decided),
                    sk.f1_score(truth, decided),
                    sk.roc_auc_score(truth, scores),
                    sk.average_precision_score(truth, scores),
                    sk.brier_score_loss(truth, scores),
                    np.abs(observed - predicted).mean(),
                    sk.matthews_corrcoef(truth, decided),
                )
            )
    np.quantile(found, [0.025, 0.975], axis=0)


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
