"""The grid of sample images: each below the image that it was made of."""

import numpy as np

from chestnut.figures.sample_grid import sample_grid_figure


def shown(figure):
    """The grey value and title of each picture, row by row; None for an empty place."""
    return [(int(axes.images[0].get_array()[0, 0]), axes.get_title()) if axes.images else None for axes in figure.axes]


def test_images_stand_row_by_row():
    images = [np.full((4, 4), grey) for grey in (1, 2, 3)]
    assert shown(sample_grid_figure(images, ["A", "B", "C"], 2)) == [(1, "A"), (2, "B"), (3, "C"), None]


def test_each_image_stands_below_its_original():
    images, originals = ([np.full((4, 4), 10 * grey + tens) for grey in (1, 2, 3)] for tens in (0, 5))
    seen = "as the network sees it"
    expected = [(15, "A"), (25, "A"), (10, seen), (20, seen), (35, "B"), None, (30, seen), None]
    assert shown(sample_grid_figure(images, ["A", "A", "B"], 2, originals)) == expected
    narrow = [(15, "A"), (25, "A"), (35, "B"), (10, seen), (20, seen), (30, seen)]
    assert shown(sample_grid_figure(images, ["A", "A", "B"], 6, originals)) == narrow
