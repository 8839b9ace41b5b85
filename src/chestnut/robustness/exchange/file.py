"""Read the exchange test of a run; loads no framework."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.files.json_files import parse_json
from chestnut.files.reading import is_present
from chestnut.inference.run_bundle import read_run_bundle
from chestnut.robustness.exchange.exchange import Exchange
from chestnut.robustness.exchange.predictions import judge_anew
from chestnut.robustness.shift_effects import Figures
from chestnut.runs.folder import RunFolder

_TYPED = ConfigDict(strict=True)


class PairFile(BaseModel):
    """The figures under one condition; see `Pair` for them."""

    model_config = _TYPED

    name: str
    summary: str
    other: Figures
    same: Figures
    given_away: Estimate
    lungs_lost_share: float | None


class ExchangeFile(BaseModel):
    """The content of an exchange.json; see `Exchange` for the attributes."""

    model_config = _TYPED

    images: int
    patients: int
    left_out: int
    donors: int
    donors_left_out: int
    classes: list[str]
    positive: str | None
    threshold: float | None
    draws: int
    seed: int
    weights: str
    plain: Figures
    conditions: list[PairFile]
    lungs_lost_share: float | None
    resamples: int = 0


def read_exchange(run: RunFolder) -> Exchange | None:
    """Read the exchange test of a run; None where none was made.

    The figures of a test of an early version, whose intervals were percentiles of resamples, are computed anew.

    Raises:
        RunError: exchange.json, or predictions.csv beside it, was changed.
        DataError: One of them is damaged.
    """
    path = run.exchange / "exchange.json"
    if not path.exists():
        return None
    held = parse_json(run.read(path), path, ExchangeFile, run.files.remedy(path))
    found = Exchange.from_dict(held)
    return judge_anew(run, found) if held.get("resamples") and is_present(path.with_name("predictions.csv")) else found


def read_exchange_of(run: RunFolder, draws: int, seed: int) -> Exchange | None:
    """Read the exchange test of a run if it is of the run's network as it is now; else None.

    Args:
        run: The run.
        draws: The number of draws that the test must have.
        seed: The seed that it must have.

    Raises:
        RunError: exchange.json was changed.
        DataError: exchange.json is damaged.
        BundleError: The bundle is missing or was changed.
    """
    found = read_exchange(run)
    if found is None or (found.draws, found.seed) != (draws, seed):
        return None
    bundle = read_run_bundle(run)
    threshold = bundle.threshold if bundle.positive is not None else None
    return found if (found.weights, found.threshold) == (bundle.weights, threshold) else None
