"""A cross-validation from Python, in processes of its own."""

import pytest

import chestnut as cn

SETTINGS = ["input.height=32", "input.width=32", "model.filters=[4]", "model.dense=[8]", "train.epochs=1"]


@pytest.mark.slow
def test_every_image_is_predicted_once_and_the_same_call_finds_what_is_done(tmp_path):
    cn.write_phantom(tmp_path / "images", 48)
    data = cn.load_dataset(tmp_path / "images")
    first = cn.crossval(data, folds=2, settings=SETTINGS, path=tmp_path / "folds")
    assert first.pooled.images == len(data) == sum(part.evaluation.images for part in first.parts)
    assert (tmp_path / "folds" / "crossval.html").is_file()
    again = cn.crossval(data, folds=2, settings=SETTINGS, path=tmp_path / "folds")
    assert again == first
