"""Groups by a column: texts, bands of ages, quarters of numbers, and groups too small to be shown."""

import numpy as np
import pytest

from chestnut.evaluation.grouping import AGE_BANDS, MOST_GROUPS, RARE, Grouping, is_age, parse_numbers


def group(column, cells, owners=None):
    return Grouping.of(column, cells, np.arange(len(cells)) if owners is None else np.asarray(owners))


def named(grouping):
    return [grouping.labels[code] if code >= 0 else None for code in grouping.codes]


def test_texts_are_groups_as_they_are_in_alphabetical_order():
    made = group("view", ["pa", "AP", "", "lateral 2"] * 5)
    assert made.labels == ("AP", "lateral 2", "pa")
    assert named(made)[:4] == ["pa", "AP", None, "lateral 2"]
    assert made.rows("AP").tolist() == [1, 5, 9, 13, 17]


@pytest.mark.parametrize(
    ("age", "band"),
    [("0", "0–1"), ("1.99", "0–1"), ("2", "2–12"), ("12.9", "2–12"), ("13", "13–17"), ("018Y", "18–39"),
     ("39", "18–39"), ("40", "40–64"), ("65", "65+"), ("120", "65+"), ("023M", "0–1"), ("024M", "2–12"), ("", None)],
)  # fmt: skip
def test_ages_are_banded(age, band):
    assert named(group("Patient Age", [age, "50"] * 5))[0] == band


def test_a_column_that_only_sounds_like_an_age_or_has_other_texts_is_not_banded():
    assert not is_age("dosage") and not is_age("stage") and is_age("age (years)") and is_age("PatientAge")
    assert group("age", ["young", "70"] * 5).labels == ("70", "young")
    assert set(group("age", ["-9", "70"] * 5).labels) == {"-9", "70"}


def test_few_different_numbers_are_groups_and_many_become_quarters():
    assert group("grade", ["3", "10", "1"] * 5).labels == ("1", "3", "10")
    numbers = np.random.default_rng(0).permutation(np.arange(400))
    made = group("dose", [str(number) for number in numbers])
    assert np.bincount(made.codes).tolist() == pytest.approx([100] * 4, abs=2)
    assert made.labels == ("0 to 100", "100 to 200", "200 to 299", "299 to 399")
    assert all(int(made.labels[code].split()[0]) <= number for number, code in zip(numbers, made.codes, strict=True))


def test_where_most_images_have_the_same_number_they_are_divided_at_that():
    made = group("megapixels", ["0.25"] * 80 + [str(k / 40) for k in range(20)] + [""])
    assert made.labels == ("below 0.25", "0.25", "above 0.25")
    assert np.bincount(made.codes[:-1]).tolist() == [10, 81, 9] and made.codes[-1] == -1
    assert group("dose", ["1"] * 90 + [str(k) for k in range(2, 12)]).labels == ("1", "above 1")


def test_groups_of_few_patients_are_joined_however_many_images_they_have():
    cells, owners = ["A"] * 30 + ["B"] * 30 + ["C"] * 3, [*range(30), *[100] * 30, 200, 201, 202]
    made = group("site", cells, owners)
    assert made.labels == ("A", RARE) and (made.codes[30:] == 1).all()
    assert group("site", ["A"] * 30).labels == ("A",)


def test_the_smallest_of_very_many_groups_are_joined():
    cells = [f"{number:02d}x" for number in range(40) for _ in range(number + 5)]
    made = group("site", cells)
    assert len(made.labels) == MOST_GROUPS and made.labels[0] == "21x" and made.labels[-1] == RARE


def test_bands_begin_where_they_say_and_empty_cells_have_none():
    assert [label.split("–")[0].rstrip("+") for label in AGE_BANDS.values()] == [str(first) for first in AGE_BANDS]
    assert (group("age", [""] * 5).codes == -1).all() and group("age", [""] * 5).labels == ()
    assert parse_numbers(["", ""]) is None and parse_numbers(["nan"]) is None and parse_numbers(["1e400"]) is None
