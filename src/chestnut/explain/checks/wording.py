"""What a check of maps found, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chestnut.evaluation.intervals.estimate import Estimate, format_figure
from chestnut.explain.checks.method_check import MethodCheck, PlaceShare
from chestnut.explain.checks.rules import MOST_ALIKE, is_above, is_below

#: What is said of the methods that passed a test, and by what rule.
_TESTS = {
    "lesions": "lie in the lesions more than chance explains (mass and maximum, lower ends above chance)",
    "weights": f"change with the weights (rank correlation once all are random below {MOST_ALIKE:g}, upper end)",
    "labels": f"change with the labels (rank correlation once labels are shuffled below {MOST_ALIKE:g}, upper end)",
    "curves": "name places that matter to the network (insertion and deletion better than in random order, lower end)",
}


def leading_method(methods: Sequence[MethodCheck]) -> MethodCheck:
    """Return the first method of those that failed the fewest tests."""
    return min(methods, key=_count_failed)


def describe_network(right: Estimate, commonest: float) -> str:
    """Say how many images a network decides correctly, and warn of one that knows nothing, as its maps say nothing.

    Args:
        right: The share of the images that it decides correctly.
        commonest: The share of the commonest class, which is what naming it alone would reach, 0..1.

    >>> describe_network(Estimate(0.95, 0.8, 0.99), 0.5)
    'The network decides 95 % (80–99) of these images correctly.'
    """
    found = f"The network decides {percent(right)} of these images correctly"
    if is_above(right, commonest):
        return f"{found}."
    return (
        f"{found}, and naming the commonest class alone would reach {100 * commonest:.0f} %: it was not seen to tell "
        "the classes apart here, so its maps may mean nothing."
    )


def describe_tests(methods: Sequence[MethodCheck], other: str, without_lesions: str) -> Iterator[str]:
    """Return a sentence for each test: which methods passed it, and by what rule.

    Args:
        methods: What was measured.
        other: The second run; empty without one.
        without_lesions: Why lesions were not looked at; empty where they were.
    """
    for test, plain in _TESTS.items():
        results = {one.method: one.passed[test] for one in methods}
        if all(result is None for result in results.values()):
            continue
        rule = f"{plain[:-1]}, and less alike than those of {other})" if test == "weights" and other else plain
        passed = [method for method, result in results.items() if result]
        failed = [method for method, result in results.items() if result is False]
        yes = f"The maps of {_join(passed)} {rule}" if passed else f"No method's maps {rule}"
        yield f"{yes}; those of {_join(failed)} were not seen to." if passed and failed else f"{yes}."
    if without_lesions:
        yield without_lesions


def describe_outside(methods: Sequence[MethodCheck]) -> Iterator[str]:
    """Return a sentence for each class: how much of its evidence lies outside the lungs, by the methods that did best.

    Methods that pass equally may disagree, so all of them are named.
    """
    least = min(_count_failed(one) for one in methods)
    best = [one for one in methods if _count_failed(one) == least]
    for of in dict.fromkeys(place.of for one in best for place in one.places):
        shares = {one.method: place for one in best for place in one.places if (place.of, place.place) == (of, "lungs")}
        known = {method: place for method, place in shares.items() if None not in (place.share.value, place.chance)}
        if known:
            by = ", ".join(f"{percent(turned(place.share))} by {method}" for method, place in known.items())
            area = 100 * (1 - float(next(iter(known.values())).chance or 0))
            yield (
                f"Of the evidence for {of}, these shares lie outside the lungs: {by}; of the image, {area:.0f} % do. "
                f"{_judge(list(known.values()))}"
            )


def _count_failed(one: MethodCheck) -> int:
    return list(one.passed.values()).count(False)


def _judge(shares: Sequence[PlaceShare]) -> str:
    more = [is_above(one.excess, 0) for one in shares]
    less = [is_below(one.excess, 0) for one in shares]
    if all(more):
        return "The lungs count for more than their area."
    if all(less):
        return "The lungs count for less than their area: a sign of a shortcut."
    if any(more) and any(less):
        return "The methods disagree whether the lungs count for more or less than their area, so look at both."
    if any(less):
        return "By some of them the lungs count for less than their area, which may be a sign of a shortcut."
    return "Not all of them show more in the lungs than chance explains; a shortcut would look like this."


def turned(share: Estimate) -> Estimate:
    """Return the rest of a share: 1 less it."""

    def rest(value: float | None) -> float | None:
        return None if value is None else 1 - value

    return Estimate(rest(share.value), rest(share.high), rest(share.low))


def percent(share: Estimate) -> str:
    """Return a share with its interval in percent.

    >>> percent(Estimate(0.314, 0.2, 0.456))
    '31 % (20–46)'
    """
    if share.value is None:
        return "undefined"
    ends = "" if share.low is None or share.high is None else f" ({_whole(share.low)}–{_whole(share.high)})"
    return f"{_whole(share.value)} %{ends}"


def _whole(share: float) -> str:
    return format_figure(100 * share, 0)


def _join(methods: Sequence[str]) -> str:
    """Join names as in a sentence.

    >>> _join(["gradcam", "layercam", "occlusion"])
    'gradcam, layercam and occlusion'
    """
    *first, last = methods
    return f"{', '.join(first)} and {last}" if first else last
