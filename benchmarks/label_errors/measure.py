"""Measure how well planted label errors are found, by rate, side and seed."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from cleanlab.rank import get_label_quality_scores
from sklearn.metrics import roc_auc_score

import chestnut
from benchmarks.label_errors.planted import plant_flips
from chestnut.data.cache.cache import decode_all
from chestnut.evaluation.softmax import probabilities as softmax
from chestnut.mistakes.labels.noise import confident_joint, noise_shares
from chestnut.mistakes.labels.quality import judge_labels
from chestnut.training.classical.affine import fit_logistic
from chestnut.training.classical.fit import make_method
from chestnut.training.inputs import Images

RATES, SEEDS, FOLDS, COST, FIRST = (0.02, 0.05, 0.1, 0.2), range(5), 5, 0.1, 50


def measure_all(data: Path) -> list[dict[str, Any]]:
    """Return a row of figures for each rate, side and seed, and for each seed one without planted errors.

    The probabilities are those of `hog-logistic` with model.costs=[0.1], fitted to all folds but one, by patient.
    """
    recipe = chestnut.load_recipe("hog-logistic")
    decoded = decode_all(chestnut.load_dataset(data), recipe.input)
    manifest = decoded.manifest
    features = make_method(recipe, 2).features(Images(decoded.pixels, recipe.input))
    found = []
    for rate, side, seed in [(0.0, "both", seed) for seed in SEEDS] + list(product(RATES, ("both", "one"), SEEDS)):
        labels = plant_flips(manifest.targets, manifest.patients, rate, side, seed)
        names = [manifest.classes[label] for label in labels]
        given = replace(manifest, frame=manifest.frame.assign(label=names))
        scores = predict_out_of_fold(features, labels, chestnut.folds(given, FOLDS, seed)[0])
        found.append({"rate": rate, "side": side, "seed": seed} | judge(manifest.targets, labels, scores, seed))
        print(found[-1], flush=True)
    return found


def predict_out_of_fold(features: np.ndarray, labels: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Return the probabilities of each image by the regression that was fitted to the other folds, shape (n, 2)."""
    scores = np.empty((len(labels), 2))
    for number in np.unique(fold):
        held = fold == number
        scores[held] = softmax(fit_logistic(features[~held], labels[~held], None, COST)(features[held]))
    return scores


def judge(true: np.ndarray, given: np.ndarray, scores: np.ndarray, seed: int) -> dict[str, Any]:
    """Compare ways of ranking images for review, and the list of suspects, with the planted errors."""
    wrong = true != given
    quality = judge_labels(given, scores)
    noise = noise_shares(confident_joint(given, scores))
    figures: dict[str, Any] = {
        "network_auroc": float(roc_auc_score(true, scores[:, 1])),
        "wrong": int(wrong.sum()),
        "suspects": int(quality.suspect.sum()),
        "suspects_wrong": int((quality.suspect & wrong).sum()),
        "noise": [float(noise[0, 1]), float(noise[1, 0])],
        "planted": [float(wrong[given == label].mean()) for label in (0, 1)],
    }
    if wrong.any():
        adjusted = get_label_quality_scores(given, scores, method="normalized_margin", adjust_pred_probs=True)
        orders = {
            "chestnut": quality.order,
            "self-confidence": np.argsort(quality.self_confidence, kind="stable"),
            "adjusted margin": np.argsort(adjusted, kind="stable"),
            "random": np.random.default_rng(seed).permutation(len(wrong)),
        }
        figures["orders"] = {name: rank_figures(wrong, order) for name, order in orders.items()}
    return figures


def rank_figures(wrong: np.ndarray, order: np.ndarray) -> dict[str, float]:
    """Return the share of planted errors among the first 50 images of an order, and the order's AUROC."""
    place = np.empty(len(order))
    place[order] = np.arange(len(order))
    return {"precision": float(wrong[order[:FIRST]].mean()), "auroc": float(roc_auc_score(wrong, -place))}
