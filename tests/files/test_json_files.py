"""JSON files that every reader accepts."""

import math

import numpy as np
import pytest

from chestnut.errors import DataError
from chestnut.files.json_files import json_text, read_json, write_json


def test_a_value_is_written_and_read(tmp_path):
    path = tmp_path / "deep" / "value.json"
    write_json(path, {"a": 1})
    write_json(path, {"a": np.float32(2), "b": np.arange(2), "c": math.nan})
    assert read_json(path) == {"a": 2, "b": [0, 1], "c": None}
    assert [item.name for item in path.parent.iterdir()] == ["value.json"]


def test_broken_json_names_its_file(tmp_path):
    path = tmp_path / "broken.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match=r"broken.json is not valid JSON .*; restore it from a copy, or repeat"):
        read_json(path)


def test_json_has_no_infinity():
    assert json_text([math.inf, 1.5]) == "[\n  null,\n  1.5\n]\n"
