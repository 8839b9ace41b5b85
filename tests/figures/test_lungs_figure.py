"""Lungs are drawn over their images; the title of an image without lungs says why."""

import numpy as np

from chestnut.data.phantom.radiograph import draw_patient
from chestnut.figures.lungs import draw_lungs
from chestnut.lungfield.find import find_lungs


def test_boxes_outlines_and_titles():
    images = [draw_patient(0, size=96, seed=31)[0].pixels, np.zeros((40, 60), np.uint8)]
    fields = [find_lungs(image) for image in images]
    figure = draw_lungs(images, fields, ["a-very-long-name-of-a-chest.png", "black.png"])
    chest, black = figure.axes
    assert chest.get_title() == f"a-very-lon…a-chest.png\n{fields[0].confidence:.2f}"
    assert black.get_title() == f"black.png\nno lungs ({fields[1].confidence:.2f})"
    (box,) = chest.patches
    top, left, bottom, right = fields[0].box
    assert (box.get_x(), box.get_y(), box.get_width(), box.get_height()) == (
        left - 0.5, top - 0.5, right - left, bottom - top,
    )  # fmt: skip
    assert len(chest.collections) == 2  # the outlines of both lungs
    assert not black.patches and not black.collections


def test_an_image_of_one_pixel_is_drawn():
    image = np.zeros((1, 1), np.uint8)
    figure = draw_lungs([image], [find_lungs(image)], ["pixel"])
    figure.canvas.draw()
    assert len(figure.axes) == 1
