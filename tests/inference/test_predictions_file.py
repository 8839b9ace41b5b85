"""A file of predictions replaces neither an image nor a file of a run."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from chestnut.errors import DataError, RunError
from chestnut.inference.predictions import Predictions


@pytest.fixture
def predictions(tmp_path):
    image = tmp_path / "v.jpeg"
    image.write_text("a radiograph")
    return Predictions((f"{tmp_path}/gone.png", str(image)), np.full((2, 2), 0.5), ("A", "B"), "B", 0.5, False)


def test_an_image_is_not_replaced(predictions, tmp_path):
    (tmp_path / "link.csv").symlink_to("v.jpeg")
    for name in ("v.jpeg", "link.csv"):
        with pytest.raises(DataError, match=f"{name} is one of the images that were predicted; name another file"):
            predictions.save(tmp_path / name)
    assert (tmp_path / "v.jpeg").read_text() == "a radiograph"


def test_another_file_is_replaced(predictions, tmp_path):
    (tmp_path / "old.csv").write_text("old")
    predictions.save(str(tmp_path / "old.csv"))
    assert len((tmp_path / "old.csv").read_text().splitlines()) == 3


def test_only_a_network_that_needs_the_lungs_says_whether_they_were_found(predictions, tmp_path):
    predictions.save(tmp_path / "whole.csv")
    framed = replace(predictions, bad=(), lungs_found=(True, False))
    joined = Predictions.joined([framed, framed.first(1), framed.first(0)])
    joined.save(tmp_path / "lungs.csv")
    plain, flagged = (pd.read_csv(tmp_path / f"{name}.csv") for name in ("whole", "lungs"))
    assert [*plain, "lungs"] == [*flagged]
    assert flagged["lungs"].tolist() == ["yes", "no", "yes"]
    assert [row["lungs"] for row in joined.to_dict()["images"]] == [True, False, True]
    assert "lungs" not in replace(framed, lungs_found=None).to_dict()["images"][0]
    assert joined.lost_lungs.names == ("v.jpeg",)


def test_a_file_of_a_run_is_not_replaced(predictions, tmp_path):
    for name in ("environment.json", "recipe.toml"):
        (tmp_path / name).touch()
    with pytest.raises(RunError, match="inside the run"):
        predictions.save(tmp_path / "evaluation" / "test" / "predictions.csv")


def test_a_link_is_followed(predictions, tmp_path):
    (tmp_path / "link.csv").symlink_to("real.csv")
    predictions.save(tmp_path / "link.csv")
    assert (tmp_path / "link.csv").is_symlink() and (tmp_path / "real.csv").is_file()
