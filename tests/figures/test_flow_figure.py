"""The figure of the flow has every number that the flow has."""

from chestnut.data.left_out import LeftOut
from chestnut.figures.flow import flow_figure
from chestnut.figures.saving import save_as
from chestnut.runs.flow import Box, Branch, Flow

CLASSES = (("A", 500), ("B", 1000))
FLOW = Flow(
    Box("Found", 1515, None),
    Box("Used", 1500, 866, CLASSES, (LeftOut("have no label", 12), LeftOut("x" * 60, 3))),
    (
        Branch(Box("Training", 1, 1), None, 7),
        Branch(Box("Test", 274, 130), Box("Judged", 272, 129, (), (LeftOut("could not be read", 2),))),
    ),
    (Box("Images from elsewhere: h", 99, 9),),
    (),
)


def words(figure):
    return [text.get_text() for text in figure.axes[0].texts if text.get_text()]


def test_every_box_has_its_numbers_inside_the_figure():
    figure = flow_figure(FLOW)
    found = words(figure)
    assert {"1,515 images", "1,500 images, 866 patients", "500 A", "1,000 B", "12 have no label"} <= set(found)
    assert {"1 image, 1 patient", "and 7 augmented copies", "272 images, 129 patients", "2 could not be read"} <= set(
        found
    )
    assert "99 images, 9 patients" in found and f"3 {'x' * 43}…" in found
    width, height = figure.get_size_inches()
    assert all(
        0 <= text.get_position()[0] <= width and 0 <= text.get_position()[1] <= height for text in figure.axes[0].texts
    )


def test_a_flow_without_images_can_be_drawn(tmp_path):
    figure = flow_figure(Flow(None, None, (), FLOW.elsewhere, (), complete=False))
    assert words(figure) == ["Images from elsewhere: h", "99 images, 9 patients"]
    save_as(figure, tmp_path / "flow.svg", "svg")
    assert "99 images" in (tmp_path / "flow.svg").read_text()
