"""A figure is written as PNG, SVG or PDF: the same figure gives the same file, and the text of an SVG is text."""

from xml.etree import ElementTree

import pytest

from chestnut.figures.saving import FORMATS, remove_both, save_as, save_both
from chestnut.figures.style import HALF, legend_line, new_figure, set_title, style_axes
from chestnut.report.render import picture, read_svg

HEADS = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}


def draw():
    figure = new_figure(HALF, 2)
    axes = style_axes(figure.subplots(), "across", "up")
    axes.plot([0, 1], [0, 1])
    set_title(axes, "Sure & steady", "")
    figure.legend(handles=[legend_line("#000000", "line")])
    return figure


@pytest.mark.parametrize("ending", ["svg", pytest.param("pdf", marks=pytest.mark.slow), "png"])
def test_the_same_figure_gives_the_same_file(ending, tmp_path):
    for name in ("one", "other"):
        save_as(draw(), tmp_path / name, ending)
    assert ending in FORMATS
    content = (tmp_path / "one").read_bytes()
    assert content.startswith(HEADS[ending]) and content == (tmp_path / "other").read_bytes()


def test_the_text_of_an_svg_is_text_in_the_fonts_of_a_page(tmp_path):
    save_both(draw(), tmp_path / "line.png")
    drawn = (tmp_path / "line.svg").read_text(encoding="utf-8")
    words = {
        text.text: text.get("style") for text in ElementTree.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")
    }
    assert {"across", "up", "Sure & steady", "line"} <= set(words)
    assert "system-ui" in words["across"] and "DejaVu" not in drawn


def test_a_page_shows_the_svg_and_an_old_run_its_png(tmp_path):
    save_both(draw(), tmp_path / "line.png")
    found = picture(tmp_path / "line.png")
    assert found.uri.startswith("data:image/svg+xml;base64,") and (found.width, found.height) == (422, 192)
    (tmp_path / "line.svg").unlink()
    assert picture(tmp_path / "line.png").uri.startswith("data:image/png;base64,")
    save_both(draw(), tmp_path / "line.png")
    remove_both(tmp_path / "line.png")
    assert picture(tmp_path / "line.png") is None and not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"", b"<svg>", b"<html>", b'<svg width="3" height="4">', b'<svg width="3pt">'])
def test_what_says_no_size_is_no_picture(content):
    assert read_svg(content) is None
