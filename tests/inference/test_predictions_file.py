"""A file of predictions replaces neither an image nor a file of a run."""

import numpy as np
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


def test_a_file_of_a_run_is_not_replaced(predictions, tmp_path):
    for name in ("environment.json", "recipe.toml"):
        (tmp_path / name).touch()
    with pytest.raises(RunError, match="inside the run"):
        predictions.save(tmp_path / "evaluation" / "test" / "predictions.csv")


def test_a_link_is_followed(predictions, tmp_path):
    (tmp_path / "link.csv").symlink_to("real.csv")
    predictions.save(tmp_path / "link.csv")
    assert (tmp_path / "link.csv").is_symlink() and (tmp_path / "real.csv").is_file()
