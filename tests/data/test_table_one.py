"""Table 1: counts, medians and standardised mean differences, by split and class."""

import json
import math

import numpy as np
import pandas as pd
import pytest

from chestnut.data.manifest import Manifest
from chestnut.data.table_one import TableOne, table_one
from chestnut.errors import DataError


def make(patients=60, **columns):
    """Two images of each patient; every third patient is ill, every fourth in test, the others in train."""
    rows = [
        {"path": f"{k}.png", "label": ("NORMAL", "COVID")[k // 2 % 3 == 0], "patient": f"p{k // 2}"}
        | {"split": ("test", "train")[k // 2 % 4 != 0]}
        | {name: str(cell(k)) for name, cell in columns.items()}
        for k in range(2 * patients)
    ]
    return Manifest.build(rows, "/data")


def cell(table, variable, column, level=None):
    (found,) = [row for row in table.rows if row.variable == variable and level in (None, row.level)]
    return found.cells[table.columns.index(column)]


def test_images_patients_and_images_of_a_patient_by_split_and_class():
    table = table_one(make())
    assert table.columns == (
        "all",
        *(f"{split}, {label}" for split in ("train", "test") for label in ("NORMAL", "COVID")),
    )
    assert cell(table, "images", "all") == "120" and cell(table, "patients", "all") == "60"
    assert cell(table, "patients", "train, COVID") == "15" and cell(table, "patients", "test, COVID") == "5"
    assert cell(table, "images a patient", "all") == "2 (2–2)"


def test_what_belongs_to_a_patient_is_counted_once_for_each_and_what_differs_by_image():
    table = table_one(make(sex=lambda k: "FM"[k // 2 % 2], view=lambda k: ("PA", "lateral")[k % 2]))
    assert cell(table, "sex", "all", "F") == "30 (50 %)"
    assert cell(table, "view", "all", "PA") == "60 (50 %)"
    assert any("Counted by image" in note and "view" in note and "sex" not in note for note in table.notes)


def test_an_empty_cell_of_a_patient_whose_other_image_has_one_is_known():
    table = table_one(make(sex=lambda k: "" if k % 2 else "FM"[k // 2 % 2]))
    assert cell(table, "sex", "all", "F") == "30 (50 %)"
    assert not [row for row in table.rows if row.level == "not known"]


def test_unknown_cells_are_counted_apart_and_not_among_the_shares():
    table = table_one(make(sex=lambda k: "F" if k < 30 else "M" if k < 60 else ""))
    assert cell(table, "sex", "all", "F") == "15 (50 %)" and cell(table, "sex", "all", "not known") == "30 (50 %)"


def test_numbers_have_median_and_quartiles_but_not_of_so_few_that_they_show_a_person():
    manifest = make(age=lambda k: k // 2)
    table = table_one(manifest)
    ages = np.arange(60)
    low, median, high = np.quantile(ages, [0.25, 0.5, 0.75])
    assert cell(table, "age", "all") == f"{median:.3g} ({low:.3g}–{high:.3g})"
    few = table_one(make(12, age=lambda k: k // 2))
    assert cell(few, "age", "test, COVID") == "–" and cell(few, "age", "all") != "–"


def test_the_difference_of_a_mean_is_in_standard_deviations():
    manifest = make(age=lambda k: 20 + k // 2 + 25 * (k // 2 % 4 == 0))
    frame = manifest.frame.drop_duplicates("patient").assign(age=lambda rows: rows["age"].astype(float))
    one, other = (frame.loc[frame["split"] == split, "age"] for split in ("train", "test"))
    expected = abs(one.mean() - other.mean()) / math.sqrt((one.var() + other.var()) / 2)
    (row,) = [row for row in table_one(manifest).rows if row.variable == "age"]
    assert row.splits == pytest.approx(expected) and row.splits > 1
    assert "age" in table_one(manifest).unlike


def test_the_difference_of_a_share_is_the_usual_one_of_two_shares():
    table = table_one(make(sex=lambda k: "F" if k // 2 % 4 == 0 or k // 2 % 8 == 1 else "M"))
    ill = make(sex=lambda k: "F" if k // 2 % 4 == 0 or k // 2 % 8 == 1 else "M").frame.drop_duplicates("patient")
    p, q = ((ill.loc[ill["split"] == split, "sex"] == "F").mean() for split in ("train", "test"))
    assert q == 1
    expected = abs(p - q) / math.sqrt((p * (1 - p) + q * (1 - q)) / 2)
    assert next(row.splits for row in table.rows if row.variable == "sex") == pytest.approx(expected)


def test_equal_parts_do_not_differ_and_parts_without_a_value_have_no_difference():
    table = table_one(make(64, site=lambda k: "ABCD"[k // 8 % 4]))
    assert next(row.splits for row in table.rows if row.variable == "site") == pytest.approx(0)
    alone = table_one(make(sex=lambda k: "FM"[k // 2 % 2] if k // 2 % 4 else ""))
    assert next(row.splits for row in alone.rows if row.variable == "sex") is None


def test_rare_values_are_joined():
    table = table_one(make(site=lambda k: "ABC"[(k // 2 >= 55) + (k // 2 >= 57)]))
    assert [row.level for row in table.rows if row.variable == "site"] == ["A", "rare values"]
    assert cell(table, "site", "all", "rare values") == "5 (8 %)"


def test_without_splits_and_with_many_classes_columns_stand_side_by_side():
    rows = [
        {"path": f"{k}.png", "label": f"c{k % 6}", "patient": str(k), "split": ("train", "val")[k % 5 == 0]}
        for k in range(60)
    ]
    table = table_one(Manifest.build(rows, "/data"))
    assert table.columns == ("all", *(f"c{k}" for k in range(6)), "train", "val")


def test_json_and_frames():
    table = table_one(make(sex=lambda k: "FM"[k // 2 % 2], age=lambda k: k // 2))
    assert TableOne.from_dict(json.loads(json.dumps(table.to_dict()))) == table
    frame = table.to_frame()
    assert isinstance(frame, pd.DataFrame) and frame.loc[("sex", "F"), "all"] == "30 (50 %)"
    assert "SMD of splits" in frame and "<table>" in table._repr_html_() and "30 (50 %)" in table._repr_html_()


@pytest.mark.parametrize(
    "change",
    [
        {"columns": None}, {"rows": [{"variable": "a"}]}, {"rows": "x"}, {"notes": 3}, {"columns": ["all"]},
        {"rows": [{"variable": "a", "level": "", "cells": ["1"] * 5, "splits": "much", "classes": None}]},
    ],
)  # fmt: skip
def test_a_damaged_table_is_one_line(change):
    with pytest.raises(DataError, match="audit the data again"):
        TableOne.from_dict(table_one(make()).to_dict() | change)


def test_unknown_columns_are_refused():
    with pytest.raises(DataError, match="columns=gender"):
        table_one(make(), ["gender"])
