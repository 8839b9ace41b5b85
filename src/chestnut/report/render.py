"""What both pages share: the template environment, how figures are written, and pictures inside the page.

Called by this room's pages alone; calls `files`. A page is one file that refers to nothing outside itself.
"""

from __future__ import annotations

import base64
import datetime
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from chestnut.evaluation.intervals import Estimate
from chestnut.files.atomic import write_text

_PNG = b"\x89PNG\r\n\x1a\n"
#: Dots an inch of the saved figures, and the CSS pixels of such an inch: their text is then as large as the page's.
_DRAWN, _SHOWN = 150, 80
#: CSS pixels of half the page, in which a figure stands beside another.
_HALF = 440


@dataclass(frozen=True)
class Picture:
    """A PNG inside a page.

    Attributes:
        uri: The whole file as a `data:` address.
        width: CSS pixels at which it is shown where there is room.
        height: CSS pixels.
    """

    uri: str
    width: int
    height: int

    @property
    def share(self) -> int:
        """Per cent of half the page that it takes; above 100 it takes a row of its own."""
        return round(100 * self.width / _HALF)


def picture(path: Path) -> Picture | None:
    """Read a PNG; None where there is none, or where it is something else."""
    if not path.is_file():
        return None
    held = path.read_bytes()
    if not held.startswith(_PNG) or len(held) < 24:
        return None
    width, height = (int.from_bytes(held[at : at + 4], "big") * _SHOWN // _DRAWN for at in (16, 20))
    return Picture(f"data:image/png;base64,{base64.b64encode(held).decode('ascii')}", width, height)


def write_page(path: Path, template: str, values: Mapping[str, Any]) -> None:
    """Fill a template and write it atomically.

    Raises:
        DiskError: The disk is full or may not be written.
    """
    write_text(path, _environment().get_template(template).render(values))


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("chestnut.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "count": count,
        "figure": figure,
        "interval": interval,
        "place": place,
        "when": when,
        "duration": duration,
        "prose": prose,
    }
    return made


def count(value: float | None, one: str = "", several: str = "") -> str:
    """A whole number as people read it, with its noun where one is given.

    >>> count(5216), count(1, "patient"), count(2, "class", "classes"), count(None)
    ('5,216', '1 patient', '2 classes', '–')
    """
    if value is None:
        return "–"
    noun = one if value == 1 else several or one + "s"
    return f"{value:,.0f} {noun}" if one else f"{value:,.0f}"


def prose(text: str) -> Markup:
    """A sentence for a page: escaped, with intervals, shares and options kept on one line and `code` set as code.

    >>> print(prose("AUROC 0.9 (0.8–0.95) of <b>"))
    AUROC 0.9 <span class="whole">(0.8–0.95)</span> of &lt;b&gt;
    >>> print(prose("Run `chestnut fetch`: 5 %"))
    Run <code>chestnut fetch</code>: 5&nbsp;%
    """
    held = re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text)))
    held = re.sub(r"(?<=\d) %", "&nbsp;%", held)
    held = re.sub(r"(?<![\w-])--[a-z][\w-]*", r'<span class="whole">\g<0></span>', held)
    whole = re.sub(r"\(?−?\d[\d.,]*(?:–| to )−?\d[\d.,]*(?:&nbsp;%)?\)?", r'<span class="whole">\g<0></span>', held)
    return Markup(whole)  # noqa: S704 - escaped above


def figure(value: float | None, digits: int = 3) -> str:
    """A figure to some decimals, with a true minus sign; a dash where there is none.

    >>> figure(0.91239), figure(-0.5, 2), figure(None), figure(float("nan"))
    ('0.912', '−0.50', '–', '–')
    """
    if value is None or not math.isfinite(value):
        return "–"
    return f"{value:.{digits}f}".replace("-", "−")


def interval(estimate: Estimate | None) -> str:
    """Write the ends of an interval; a dash where there is none.

    >>> interval(Estimate(0.9, 0.88, 0.94)), interval(Estimate(0, -0.1, 0.1)), interval(None)
    ('0.880–0.940', '−0.100 to 0.100', '–')
    """
    if estimate is None or estimate.low is None or estimate.high is None:
        return "–"
    between = " to " if estimate.low < 0 else "–"
    return f"{figure(estimate.low)}{between}{figure(estimate.high)}"


def place(value: float, least: float = 0.0, most: float = 1.0) -> str:
    """Where a value stands along an axis, for SVG.

    >>> place(0.75, 0.5), place(0.4, 0.5)
    ('50.0%', '0.0%')
    """
    share = (value - least) / (most - least)
    return f"{100 * min(max(share, 0.0), 1.0):.1f}%"


def when(text: str | None) -> str:
    """A time in ISO 8601 as people read it; what is none is left as it is.

    >>> when("2025-06-01T09:05:00+02:00"), when("yesterday"), when(None)
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
    """A length of time.

    >>> duration(8.04), duration(75), duration(4000), duration(None)
    ('8.0 s', '1 min 15 s', '1 h 6 min', '–')
    """
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def file_name(path: str) -> str:
    """The last part of a path; a row of an archive keeps the archive's name.

    >>> file_name("/data/NORMAL/a.png"), file_name("/data/chest.npz#train/17")
    ('a.png', 'chest.npz#train/17')
    """
    archive, row_mark, row = path.rpartition(".npz#")
    return f"{Path(archive).name}{row_mark}{row}" if row_mark else Path(path).name
