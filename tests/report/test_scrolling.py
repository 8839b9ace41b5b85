"""Scroll areas that can be reached by keyboard."""

import re

from chestnut.report.scrolling import name_scroll_areas

AREA = '<div class="scroll">'
NAME = re.compile(r'<div class="scroll" tabindex="0" role="region" aria-label="([^"]*)">')


def test_areas_are_named_after_the_heading_above_them_and_told_apart():
    html = (
        f'<h2 id="a">Data <span class="chip synthetic">Synthetic images</span></h2>{AREA}\n<table>{AREA}<table>'
        f'{AREA}<img src="#"><h3>Shifts<span class="under">of the images</span></h3>{AREA}<ul>'
    )
    assert NAME.findall(name_scroll_areas(html)) == ["Data, table", "Data, table 2", "Data, figure", "Shifts, scrolled"]


def test_nothing_else_of_the_page_changes():
    html = f"<h2>Data</h2><p>{AREA}<table><tr><td>1</td></tr></table></div>"
    named = name_scroll_areas(html)
    assert NAME.sub(AREA, named) == html
    assert name_scroll_areas("<p>no area</p>") == "<p>no area</p>"


def test_a_name_cannot_end_the_attribute():
    named = name_scroll_areas(f'<h2>"a" onclick=&#34;x&#34; &lt;b&gt; <em>c</em></h2>{AREA}<table>')
    assert NAME.findall(named) == ["&quot;a&quot; onclick=&#34;x&#34; &lt;b&gt; c, table"]


def test_without_a_heading_an_area_is_named_after_what_is_in_it():
    assert NAME.findall(name_scroll_areas(f"{AREA}<table>")) == ["table"]
