"""Draw the settings of the next trial with Optuna's samplers: the same for the same seed and number, and never twice.

Each draw uses a new sampler, seeded by the search's seed and the trial's number, so a search that was interrupted draws
the same as one that was not.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial

from chestnut.config import Choice, FloatRange, IntRange, Recipe
from chestnut.config.ranges import Range
from chestnut.config.search_space import SearchSpace

Values = dict[str, Any]

#: How often settings that were tried already may be drawn before the next untried ones are used instead.
_DRAWS = 20


def to_distribution(one: Range) -> BaseDistribution:
    """Return a range as an Optuna distribution; lists to choose from become text, since Optuna stores no lists."""
    match one:
        case IntRange():
            return IntDistribution(*one.bounds, log=one.log, step=one.step)
        case FloatRange():
            return FloatDistribution(*one.bounds, log=one.log, step=one.step)
        case Choice():
            return CategoricalDistribution([_label(value) for value in one.choice])


def to_recipe_values(space: SearchSpace, drawn: Mapping[str, Any]) -> Values:
    """Return what Optuna drew as values of a recipe."""
    values: Values = {}
    for key, one in space.items():
        known = {_label(value): value for value in one.choice} if isinstance(one, Choice) else {}
        value = known.get(drawn[key], drawn[key])
        values[key] = list(value) if isinstance(value, tuple) else value
    return values


def recipe_values(recipe: Recipe) -> Values:
    """Return a recipe's own values of the fields in its space."""
    plain = recipe.model_dump(mode="json")
    found: Values = {}
    for key in recipe.search:
        at: Any = plain
        for part in key.split("."):
            at = at[int(part)] if isinstance(at, list) else at.get(part)
        found[key] = at
    return found


def next_settings(
    space: SearchSpace,
    asked: Collection[FrozenTrial],
    study: optuna.Study,
    *,
    bayesian: bool,
    seed: int,
    tried: Iterable[Values] = (),
) -> dict[str, Any] | None:
    """Return settings that have not been tried yet, as Optuna's parameters.

    Args:
        space: The space to draw from.
        asked: All trials so far.
        study: The study of these trials.
        bayesian: Whether to learn from the trials (TPE) rather than draw at random.
        seed: The seed of the search.
        tried: Further settings that must not be drawn.

    Returns:
        The settings, or None if the whole space has been tried.
    """
    known = {_key(trial.params) for trial in asked}
    known |= {_key({key: _label(value) for key, value in one.items()}) for one in tried}
    distributions = {key: to_distribution(one) for key, one in space.items()}
    for draw in range(_DRAWS):
        number = int(np.random.SeedSequence((seed, len(asked), draw)).generate_state(1)[0])
        drawn = _draw(distributions, asked, study, _sampler(bayesian, number))
        if _key(drawn) not in known:
            return drawn
    if math.isinf(_size(space)):
        return drawn
    return _first_untried(space, known, np.random.SeedSequence((seed, len(asked), _DRAWS)))


def _sampler(bayesian: bool, seed: int) -> optuna.samplers.BaseSampler:
    return optuna.samplers.TPESampler(seed=seed) if bayesian else optuna.samplers.RandomSampler(seed=seed)


def _draw(
    distributions: dict[str, BaseDistribution],
    asked: Collection[FrozenTrial],
    study: optuna.Study,
    sampler: optuna.samplers.BaseSampler,
) -> dict[str, Any]:
    """Draw from a copy of the study in memory, since the real study must receive a trial complete or not at all."""
    copy = optuna.create_study(study_name=study.study_name, direction=study.direction, sampler=sampler)
    if isinstance(sampler, optuna.samplers.TPESampler):
        copy.add_trials(asked)
    return copy.ask(distributions).params


def _first_untried(space: SearchSpace, known: Collection[Any], seed: np.random.SeedSequence) -> dict[str, Any] | None:
    """Return the first untried settings, counting through the whole space from a random start."""
    size = int(_size(space))
    start = int(np.random.default_rng(seed).integers(size))
    for step in range(min(size, len(known) + 1)):
        found, rest = {}, (start + step) % size
        for key, one in space.items():
            rest, place = divmod(rest, int(one.size))
            found[key] = _label(one.at(place))
        if _key(found) not in known:
            return found
    return None


def _size(space: SearchSpace) -> float:
    """Return the number of settings in a space."""
    return math.prod(one.size for one in space.values())


def _label(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, list | tuple) else value


def _key(drawn: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return a key that is equal for equal settings, whatever their last bits."""
    return tuple(f"{drawn[key]:.12g}" if isinstance(drawn[key], float) else drawn[key] for key in sorted(drawn))
