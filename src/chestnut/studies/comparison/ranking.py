"""From the runs of a comparison to its leaderboard: scores read, ranked, tested, and put into words.

Called by `compare`; reads run folders and calls `evaluation.comparison`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean

from chestnut.errors import RunError
from chestnut.evaluation.comparison import Candidate, Ranked, Standing, rank
from chestnut.evaluation.intervals import FEW_PATIENTS
from chestnut.runs.folder import RunFolder
from chestnut.studies.comparison.leaderboard import Leaderboard, Row
from chestnut.studies.pooled_predictions import read_predictions


@dataclass(frozen=True)
class Entry:
    """A variant that takes part.

    Attributes:
        name: Its name.
        start: What its network starts from, in words.
        runs: Its runs by seed; those that have not ended well are left out.
        failures: Why runs have not ended well, by seed.
    """

    name: str
    start: str
    runs: Mapping[int, RunFolder]
    failures: Mapping[int, str]


def make_leaderboard(entries: Sequence[Entry], notes: Sequence[str] = ()) -> Leaderboard:
    """Judge the runs of a comparison.

    Args:
        entries: The variants.
        notes: What else is to be known.

    Raises:
        RunError: No run has ended well.
        DataError: Runs were judged on different images.
    """
    alive = {entry.name: entry for entry in entries if entry.runs}
    if not alive:
        first = next((why for entry in entries for why in entry.failures.values()), "none was made")
        raise RunError(f"none of the runs ended well, so there is nothing to compare; the first: {first}")
    ranked = _ranked(list(alive.values()))
    rows = [_row(alive[standing.name], standing) for standing in ranked.standings]
    rows += [_row(entry, None) for entry in entries if not entry.runs]
    few = [f"Only {ranked.patients} patients are behind intervals and tests, which with so few say too much."]
    said = (*(few if ranked.patients < FEW_PATIENTS else ()), *notes)
    return Leaderboard(
        tuple(rows), ranked.pairs, ranked.images, ranked.patients, ranked.resamples, _sentences(ranked), said
    )


def _ranked(entries: list[Entry]) -> Ranked:
    seen = read_predictions({entry.name: list(entry.runs.values()) for entry in entries})
    candidates = [Candidate(name, tuple(held)) for name, held in seen.probabilities.items()]
    return rank(seen.targets, seen.patients, candidates)


def _row(entry: Entry, standing: Standing | None) -> Row:
    failed = tuple(f"seed {seed}: {why}" for seed, why in entry.failures.items())
    if standing is None:
        return Row(None, False, entry.name, entry.start, 0, failed)
    records = [run.record for run in entry.runs.values()]
    histories = [run.history for run in entry.runs.values()]
    best = [
        float(history.loc[history["epoch"] == record.best_epoch, "accuracy"].iloc[0])
        for history, record in zip(histories, records, strict=True)
        if record.best_epoch  # 0 where a fine-tuned run kept its start
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


def _sentences(ranked: Ranked) -> tuple[str, ...]:
    """What the tests between neighbours say, from the top: a sentence a group of equals, and one a step down."""
    where = f"on these {ranked.images:,} validation images of {ranked.patients:,} patients"
    groups: dict[int, list[Standing]] = {}
    for standing in ranked.standings:
        groups.setdefault(standing.place, []).append(standing)
    steps = {pair.better: pair for pair in ranked.pairs if pair.distinguishable}
    said = []
    for group in groups.values():
        if len(group) > 1:
            said.append(_equals(group, where))
        if (step := steps.get(group[-1].name)) is not None:
            ahead = f"{step.better} is ahead of {step.worse}: AUROC higher by {step.difference}"
            said.append(f"{ahead}, p = {_written(step.adjusted)}.")
    return tuple(said)


def _equals(group: list[Standing], where: str) -> str:
    names = [standing.name for standing in group]
    listing = f"{', '.join(names[:-1])} and {names[-1]}"
    if len(group) == 2:
        return f"{listing} are not distinguishable {where}: their order may be chance."
    said = f"{listing} are not distinguishable {where}: the order of each and the next may be chance."
    ends = group[-1].behind
    if group[0].behind is None and ends is not None and ends.low is not None and ends.low > 0:
        said += f" From the first of them to the last the step is larger than chance: {ends}."
    return said


def _written(p: float) -> str:
    return f"{p:.3f}" if p >= 0.001 else "under 0.001"
