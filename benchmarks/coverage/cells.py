"""The grids of cells, and how often each is drawn."""

from __future__ import annotations

import itertools

from benchmarks.coverage.cohorts import SIZES, Cell
from benchmarks.coverage.paired import PairCell

PATIENTS = (10, 20, 50, 100, 300, 1000)
AREAS = (0.7, 0.9, 0.98, 0.995)
CORRELATIONS = (0.0, 0.5, 0.95)
PREVALENCES = (0.5, 0.1)

#: Samples of a cell in the standard grid and in the full one, and how many times as many confirm a low coverage.
REPETITIONS, FULL_REPETITIONS, CONFIRM = 200, 1000, 5

#: Other ways than chestnut's own are measured with so many times fewer samples; they fail by far.
FEWER_OF_OTHERS = 4

#: Samples of equal networks, and of different ones, in each cell of the tests.
PAIRED_REPETITIONS, FULL_PAIRED_REPETITIONS = 300, 2000

#: How many times as many confirm a high level.
CONFIRM_TESTS = 3

#: Samples of each cell in which the bands of curves are measured.
BAND_REPETITIONS = 60

# Patients of each class in the cells of the tests, and how many times as far from 1 the AUROC of the worse network is.
_WORSE = {10: 3.0, 20: 2.5, 50: 2.0, 300: 1.4}

# Of a cell with more images than this, the standard grid draws half as many samples.
_MANY = 1500

# Images a patient, intraclass correlation and prevalence in the standard grid.
_STANDARD = (("1", 0.0, 0.5), ("1", 0.0, 0.1), ("1–3", 0.5, 0.5), ("1–30", 0.95, 0.1), ("1–30", 0.0, 0.5))

# What the standard grid has of the largest samples.
_STANDARD_OF_1000 = (("1", 0.0, 0.1), ("1–3", 0.5, 0.5))


def full_grid() -> list[Cell]:
    """Return every cell of plain populations, and the variants at every number of patients."""
    one = [
        Cell(*known, prevalence=share, icc=0.0, images="1")
        for known in itertools.product(PATIENTS, AREAS)
        for share in PREVALENCES
    ]
    several = [
        Cell(patients, area, images, icc, share)
        for patients, area, images, icc, share in itertools.product(
            PATIENTS, AREAS, ("1–3", "1–30"), CORRELATIONS, PREVALENCES
        )
    ]
    return [*one, *several, *_variants(PATIENTS, AREAS, PREVALENCES)]


def standard_grid() -> list[Cell]:
    """Return the cells that are measured in about ten minutes."""
    plain = [
        Cell(patients, area, images, icc, share)
        for patients, area in itertools.product(PATIENTS, AREAS)
        for images, icc, share in (_STANDARD if patients < 1000 else _STANDARD_OF_1000)
    ]
    return [*plain, *_variants((10, 20, 50), (0.9, 0.98, 0.995), (0.5,)), *_variants((300,), (0.98,), (0.5,))]


def _variants(patients: tuple[int, ...], areas: tuple[float, ...], prevalences: tuple[float, ...]) -> list[Cell]:
    some = list(itertools.product(patients, areas, prevalences))
    found = []
    for count, area, share in some:
        found += [
            Cell(count, area, "1–3", 0.5, share, "ties"),
            Cell(count, area, "1–30", 0.5, share, "informative"),
            Cell(count, area, "1–3", 0.5, share, "mixed"),
            Cell(count, area, "1–3", 0.5, share, "overconfident"),
            Cell(count, area, "1–3", 0.5, share, classes=3),
        ]
        if area >= 0.9:
            found += [Cell(count, area, images, 0.5, share, "contaminated") for images in ("1–3", "1–30")]
    return [cell for cell in found if cell.classes == 2 or cell.patients >= 20]


def standard_repetitions(cell: Cell) -> int:
    """Return how many samples of a cell the standard grid draws."""
    return REPETITIONS // 2 if cost(cell) > _MANY else REPETITIONS


def standard_pairs() -> list[PairCell]:
    """Return the cells in which tests of two networks are measured."""
    plain = [
        PairCell(Cell(count, area, images, 0.5 if images != "1" else 0.0), 1 - factor * (1 - area))
        for (count, factor), area, images in itertools.product(_WORSE.items(), (0.9, 0.98), SIZES)
    ]
    near = [PairCell(Cell(count, 0.995, "1–3"), 1 - _WORSE[count] * 0.005) for count in (20, 300)]
    alike = [PairCell(Cell(50, area, "1–3"), 1 - _WORSE[50] * (1 - area), correlation=0.95) for area in (0.9, 0.98)]
    return [*plain, *near, *alike]


def band_cells() -> list[Cell]:
    """Return the cells in which the bands of curves are measured."""
    return [Cell(count, area) for count in (20, 50, 100, 300) for area in (0.9, 0.98)]


def cost(cell: Cell) -> float:
    """Return about how long a sample of a cell takes: its images, each counted for every class of three or more."""
    return cell.patients * {"1": 1, "1–3": 2, "1–30": 15}[cell.images] * (1 if cell.classes == 2 else 3)
