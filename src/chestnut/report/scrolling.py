"""Scroll areas of a page that can be reached and scrolled by keyboard, and that a screen reader names."""

from __future__ import annotations

import re
from collections import Counter

_HEADING = r"<h[1-6][^>]*>(?P<heading>.*?)</h[1-6]>"
_AREA = r'<div class="scroll">(?=\s*(?:<(?P<kind>table|img)))?'
_MARK = re.compile(f"{_HEADING}|{_AREA}", re.DOTALL)
_ASIDE = re.compile(r'<span class="(?:under|chip)[^"]*">.*?</span>', re.DOTALL)
_KINDS = {"table": "table", "img": "figure"}


def name_scroll_areas(html: str) -> str:
    """Make each `<div class="scroll">` of a page a region that takes the focus, named after the heading above it.

    Names are told apart by numbers, as landmarks must be.

    >>> name_scroll_areas('<h3>Costs</h3><div class="scroll"><table>…')
    '<h3>Costs</h3><div class="scroll" tabindex="0" role="region" aria-label="Costs, table"><table>…'
    """
    taken: Counter[str] = Counter()
    heading = ""

    def mark(found: re.Match[str]) -> str:
        nonlocal heading
        if found["heading"] is not None:
            heading = _plain(found["heading"])
            return found[0]
        name = ", ".join(filter(None, (heading, _KINDS.get(found["kind"] or "", "scrolled"))))
        taken[name] += 1
        number = f" {taken[name]}" if taken[name] > 1 else ""
        return f'<div class="scroll" tabindex="0" role="region" aria-label="{name}{number}">'

    return _MARK.sub(mark, html)


def _plain(html: str) -> str:
    """Return the text of a heading, without what is beside or below it, fit for an attribute."""
    text = re.sub(r"<[^>]*>", "", _ASIDE.sub("", html))
    return " ".join(text.replace('"', "&quot;").split())
