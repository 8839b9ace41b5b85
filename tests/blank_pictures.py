"""Blank pictures in place of drawn ones: half of what a tiny training costs is its figures, which few tests look at."""

from contextlib import contextmanager
from pathlib import Path

from matplotlib.figure import Figure
from PIL import Image

_DPI = 20


@contextmanager
def blank_pictures():
    """Save each figure as an empty PNG or SVG of its shape."""
    drawn = Figure.savefig

    def save(self, target, format="png", **_):
        if format == "svg":
            width, height = (round(72 * inches) for inches in self.get_size_inches())
            svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}pt" height="{height}pt"/>'
            Path(target).write_text(svg, encoding="utf-8")
            return
        width, height = (max(1, round(_DPI * inches)) for inches in self.get_size_inches())
        Image.new("L", (width, height), 255).save(target, format="png")

    Figure.savefig = save
    try:
        yield
    finally:
        Figure.savefig = drawn
