"""Read the check of a run's maps for its report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chestnut.explain.checks.file import check_folder, read_check
from chestnut.explain.checks.map_check import MapCheck
from chestnut.explain.checks.method_check import PlaceShare
from chestnut.explain.checks.wording import leading_method
from chestnut.explain.checks.zones import PLACES
from chestnut.inference.run_bundle import find_run_bundle
from chestnut.report.render import Picture, list_figures, picture
from chestnut.runs.folder import RunFolder

_WORDS = {True: "passed", False: "not passed", None: "not made"}


@dataclass(frozen=True)
class MapCheckSection:
    """A check of maps.

    Attributes:
        result: What was measured.
        earlier: Whether the run had another network then.
        lead: The method whose shares by place are given first.
        places: A row for each class: its name, and its share in each place.
        titles: What the places are called.
        tests: The figure of the tests; None where it is missing.
        map: The figure of the places; None where it is missing.
    """

    result: MapCheck
    earlier: bool
    lead: str
    places: tuple[tuple[str, tuple[PlaceShare, ...]], ...]
    titles: tuple[str, ...]
    tests: Picture | None
    map: Picture | None

    @property
    def spoken_places(self) -> str:
        """What the figure of the places shows of the first method, in words."""
        return list_figures(
            (f"{name}, {title}", one.share)
            for name, shares in self.places
            for title, one in zip(self.titles, shares, strict=False)
        )

    @property
    def spoken_tests(self) -> str:
        """What the figure of the tests shows, in words."""
        heads = ("lesions", "weights", "labels", "order of places")
        return list_figures(
            (method, ", ".join(f"{head} {word}" for head, word in zip(heads, words, strict=True)))
            for method, words in self.verdicts
        )

    @property
    def verdicts(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """A row for each method: its name, and whether it passed each test, in words."""
        return tuple(
            (one.method, tuple(_WORDS[passed] for passed in one.passed.values())) for one in self.result.methods
        )


def read_map_check(run: RunFolder) -> MapCheckSection | None:
    """Read the check of a run's maps; None where none was made.

    Raises:
        RunError: check.json was changed.
        DataError: check.json is damaged.
    """
    result = read_check(run)
    if result is None:
        return None
    folder, bundle = check_folder(run), find_run_bundle(run)
    earlier = bundle is not None and bundle.weights != result.weights
    lead = leading_method(result.methods)
    drawings = picture(folder / "tests.png"), picture(folder / "places.png")
    return MapCheckSection(result, earlier, lead.method, tuple(_rows(result)), tuple(PLACES.values()), *drawings)


def _rows(result: MapCheck) -> Iterator[tuple[str, tuple[PlaceShare, ...]]]:
    shares = leading_method(result.methods).places
    for name in result.classes:
        if found := tuple(one for one in shares if one.of == name and one.share.value is not None):
            yield name, found
