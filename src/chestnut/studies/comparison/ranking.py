"""Read, rank and test the runs of a comparison, and describe the result as a leaderboard."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean

from chestnut.errors import RunError
from chestnut.evaluation.comparison import Candidate, Ranked, Standing, rank
from chestnut.evaluation.intervals.estimate import FEW_PATIENTS, format_p
from chestnut.runs.folder import RunFolder
from chestnut.studies.comparison.leaderboard import Leaderboard, Row
from chestnut.studies.pooled_predictions import pool_predictions


@dataclass(frozen=True)
class Entry:
    """A variant in a comparison.

    Attributes:
        name: The name of the variant.
        start: What its network starts from, in words.
        runs: Its finished runs by seed.
        failures: Why other runs failed, by seed.
    """

    name: str
    start: str
    runs: Mapping[int, RunFolder]
    failures: Mapping[int, str]


def make_leaderboard(entries: Sequence[Entry], notes: Sequence[str] = (), *, every_pair: bool = False) -> Leaderboard:
    """Rank the variants of a comparison and test each against the next.

    Args:
        entries: The variants.
        notes: Notes to add to those about the number of patients.
        every_pair: Whether to test each variant against every other.

    Returns:
        The leaderboard.

    Raises:
        RunError: No run has finished.
        DataError: The runs were evaluated on different images.
    """
    finished = {entry.name: entry for entry in entries if entry.runs}
    if not finished:
        first = next((why for entry in entries for why in entry.failures.values()), "no run was started")
        raise RunError(f"no run has finished, so there is nothing to compare; the first reason: {first}")
    ranked = _rank(list(finished.values()), every_pair)
    rows = [_make_row(finished[standing.name], standing) for standing in ranked.standings]
    rows += [_make_row(entry, None) for entry in entries if not entry.runs]
    few = [f"Intervals and tests rest on only {ranked.patients} patients: they can tell large differences alone."]
    all_notes = (*(few if ranked.patients < FEW_PATIENTS else ()), *notes)
    return Leaderboard(
        tuple(rows), ranked.pairs, ranked.images, ranked.patients, ranked.resamples, _describe_steps(ranked), all_notes
    )


def _rank(entries: list[Entry], every_pair: bool) -> Ranked:
    pooled = pool_predictions({entry.name: list(entry.runs.values()) for entry in entries})
    candidates = [Candidate(name, tuple(runs)) for name, runs in pooled.probabilities.items()]
    return rank(pooled.targets, pooled.patients, candidates, every_pair=every_pair)


def _make_row(entry: Entry, standing: Standing | None) -> Row:
    failed = tuple(f"seed {seed}: {why}" for seed, why in entry.failures.items())
    if standing is None:
        return Row(None, False, entry.name, entry.start, 0, failed)
    records = [run.record for run in entry.runs.values()]
    histories = [run.history for run in entry.runs.values()]
    best = [
        float(history.loc[history["epoch"] == record.best_epoch, "accuracy"].iloc[0])
        for history, record in zip(histories, records, strict=True)
        if record.best_epoch  # 0 if a fine-tuned run kept its starting weights
    ]
    timed = [float(history["seconds"].median()) for history in histories if len(history)]
    return Row(
        place=standing.place,
        tied=standing.tied,
        name=entry.name,
        start=entry.start,
        runs=len(records),
        failed=failed,
        auroc=standing.figures["auroc"],
        auroc_spread=standing.spread["auroc"],
        behind=standing.behind,
        accuracy=standing.figures["accuracy"],
        accuracy_spread=standing.spread["accuracy"],
        train_accuracy=mean(best) if best else None,
        parameters=records[0].parameters,
        trained=records[0].trained_parameters,
        epochs=mean(len(history) for history in histories),
        epoch_seconds=mean(timed) if timed else None,
        images_a_second=mean(record.images_a_second or 0.0 for record in records),
        model_bytes=mean(record.model_bytes or 0 for record in records),
    )


def _describe_steps(ranked: Ranked) -> tuple[str, ...]:
    """Return what the tests say, from the top: a sentence for each group of equals and for each step down."""
    where = f"on these {ranked.images:,} validation images of {ranked.patients:,} patients"
    groups: dict[int, list[Standing]] = {}
    for standing in ranked.standings:
        groups.setdefault(standing.place, []).append(standing)
    following = dict(itertools.pairwise(standing.name for standing in ranked.standings))
    steps = {
        pair.better: pair for pair in ranked.pairs if pair.distinguishable and following.get(pair.better) == pair.worse
    }
    sentences = []
    for group in groups.values():
        if len(group) > 1:
            sentences.append(_describe_tie(group, where))
        if (step := steps.get(group[-1].name)) is not None and step.adjusted is not None:
            ahead = f"{step.better} is ahead of {step.worse}: AUROC higher by {step.difference}"
            sentences.append(f"{ahead}, p {format_p(step.adjusted)}.")
    return tuple(sentences)


def _describe_tie(group: list[Standing], where: str) -> str:
    names = [standing.name for standing in group]
    listing = f"{', '.join(names[:-1])} and {names[-1]}"
    if len(group) == 2:
        return f"{listing} are not distinguishable {where}: their order may be chance."
    text = f"{listing} are not distinguishable {where}: the order of neighbours may be chance."
    ends = group[-1].behind
    if group[0].behind is None and ends is not None and ends.low is not None and ends.low > 0:
        text += f" The difference between the first and the last of them is larger than chance: {ends}."
    return text
