"""Fill a page's template: numbers and sentences as they are written on a page, and pictures inside it.

A page is one file that refers to nothing outside itself.
"""

from __future__ import annotations

import base64
import datetime
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from chestnut.evaluation.intervals.estimate import Estimate, format_figure
from chestnut.files.atomic import write_text
from chestnut.report.identities import Identities
from chestnut.report.scrolling import name_scroll_areas

_PNG = b"\x89PNG\r\n\x1a\n"
# Dots per inch of the saved PNG files, and the CSS pixels for such an inch: their text is then as large as the page's.
_DRAWN, _SHOWN = 150, 80
# The size of an SVG in points, which is near its beginning, and the CSS pixels for a point.
_SIZE = re.compile(rb'<svg(?=[^>]* width="(?P<width>[\d.]+)pt")(?=[^>]* height="(?P<height>[\d.]+)pt")')
_HEAD, _POINT = 2000, 96 / 72
# CSS pixels of half the page, which holds one of two figures side by side.
_HALF = 440


@dataclass(frozen=True)
class Picture:
    """A PNG or an SVG inside a page.

    Attributes:
        uri: The whole file as a `data:` address.
        width: The width in CSS pixels at which it is shown if there is room.
        height: The height in CSS pixels.
    """

    uri: str
    width: int
    height: int

    @property
    def share(self) -> int:
        """The share of half the page that it takes, in per cent; above 100 it takes a row of its own."""
        return round(100 * self.width / _HALF)


def picture(path: Path) -> Picture | None:
    """Read a PNG, or the SVG beside it, which is sharper; None if there is no such file, or if it is something else."""
    if (drawn := path.with_suffix(".svg")).is_file() and (found := read_svg(drawn.read_bytes())) is not None:
        return found
    if not path.is_file():
        return None
    content = path.read_bytes()
    if not content.startswith(_PNG) or len(content) < 24:
        return None
    width, height = (int.from_bytes(content[at : at + 4], "big") * _SHOWN // _DRAWN for at in (16, 20))
    return Picture(f"data:image/png;base64,{base64.b64encode(content).decode('ascii')}", width, height)


def read_svg(content: bytes) -> Picture | None:
    """Return an SVG that says its size in points; None for other content."""
    size = _SIZE.search(content[:_HEAD])
    if size is None:
        return None
    width, height = (round(float(size[name]) * _POINT) for name in ("width", "height"))
    return Picture(f"data:image/svg+xml;base64,{base64.b64encode(content).decode('ascii')}", width, height)


def write_page(
    path: Path, template: str, values: Mapping[str, Any], names: Identities, *, follow: bool = False
) -> None:
    """Fill a template with values whose names are replaced by numbers, and write the page.

    Args:
        path: The page to write.
        template: The name of the template.
        values: The values by the names that the template has for them.
        names: The numbers that replace names; those that the page uses are saved.
        follow: Whether the user has named the page; see `replacing`.

    Raises:
        DiskError: The disk is full or not writable.
    """
    filled = _environment().get_template(template).render(names.hide_all(values), names_shown=names.shown)
    names.save()
    write_text(path, name_scroll_areas(filled), follow=follow)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("chestnut.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "count": count,
        "figure": figure,
        "interval": interval,
        "position": position,
        "time": time,
        "duration": duration,
        "prose": prose,
        "percent": percent,
    }
    return environment


def count(value: float | None, one: str = "", several: str = "") -> str:
    """Write a whole number as people read it, followed by its noun if one is given.

    >>> count(5216), count(1, "patient"), count(2, "class", "classes"), count(None)
    ('5,216', '1 patient', '2 classes', '–')
    """
    if value is None:
        return "–"
    noun = one if value == 1 else several or one + "s"
    return f"{value:,.0f} {noun}" if one else f"{value:,.0f}"


def prose(text: str) -> Markup:
    """Mark up a sentence: escape it, keep intervals, shares and options on one line, and set `code` as code.

    >>> print(prose("AUROC 0.9 (0.8–0.95) of <b>"))
    AUROC 0.9 <span class="whole">(0.8–0.95)</span> of &lt;b&gt;
    >>> print(prose("Run `chestnut fetch`: 5 %"))
    Run <code>chestnut fetch</code>: 5&nbsp;%
    """
    marked = re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text)))
    marked = re.sub(r"(?<=\d) %", "&nbsp;%", marked)
    marked = re.sub(r"(?<![\w-])--[a-z][\w-]*", r'<span class="whole">\g<0></span>', marked)
    joined = re.sub(r"\(?−?\d[\d.,]*(?:–| to )−?\d[\d.,]*(?:&nbsp;%)?\)?", r'<span class="whole">\g<0></span>', marked)
    return Markup(joined)  # noqa: S704 - escaped above


def figure(value: float | None, digits: int = 3) -> str:
    """Write a figure to a number of decimals, as `format_figure` does; a dash if there is none.

    >>> figure(0.91239), figure(-0.5, 2), figure(-0.0001), figure(None), figure(float("nan"))
    ('0.912', '−0.50', '0.000', '–', '–')
    """
    return "–" if value is None or not math.isfinite(value) else format_figure(value, digits)


def interval(estimate: Estimate | None) -> str:
    """Write the ends of an interval; a dash if there is none.

    >>> interval(Estimate(0.9, 0.88, 0.94)), interval(Estimate(0, -0.1, 0.1)), interval(None)
    ('0.880–0.940', '−0.100 to 0.100', '–')
    """
    if estimate is None or estimate.low is None or estimate.high is None:
        return "–"
    between = " to " if estimate.low < 0 else "–"
    return f"{figure(estimate.low, estimate.digits)}{between}{figure(estimate.high, estimate.digits)}"


def percent(share: float | None) -> str:
    """Write a share in per cent; a dash if there is none.

    >>> percent(0.9786), percent(1.0), percent(None)
    ('97.9 %', '100.0 %', '–')
    """
    return "–" if share is None else f"{figure(100 * share, 1)} %"


def list_figures(pairs: Iterable[tuple[str, object]]) -> str:
    """Put names and their figures into words, for the alternative text of a picture; those that are None are left out.

    >>> list_figures([("first", Estimate(0.9, 0.88, 0.94)), ("second", 3), ("third", None)])
    'first 0.900 (0.880–0.940); second 3'
    """
    return "; ".join(f"{name} {value}" for name, value in pairs if value is not None)


def position(value: float, least: float = 0.0, most: float = 1.0) -> str:
    """Return the position of a value along an axis, for SVG.

    >>> position(0.75, 0.5), position(0.4, 0.5)
    ('50.0%', '0.0%')
    """
    share = (value - least) / (most - least)
    return f"{100 * min(max(share, 0.0), 1.0):.1f}%"


def time(text: str | None) -> str:
    """Write a time in ISO 8601 as people read it; return any other text unchanged.

    >>> time("2025-06-01T09:05:00+02:00"), time("yesterday"), time(None)
    ('1 June 2025, 09:05 UTC+02:00', 'yesterday', '–')
    """
    if not text:
        return "–"
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return text
    return f"{moment.day} {moment:%B %Y, %H:%M} {moment.tzname() or ''}".strip()


def duration(seconds: float | None) -> str:
    """Write a length of time.

    >>> duration(8.04), duration(75), duration(4000), duration(None)
    ('8.0 s', '1 min 15 s', '1 h 6 min', '–')
    """
    if seconds is None or not math.isfinite(seconds):
        return "–"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
