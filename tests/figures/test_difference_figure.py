"""Paired differences are drawn against a line at 0, between the names of the two networks."""

from chestnut.evaluation.comparison import Pair
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.figures.comparison import difference_figure
from chestnut.figures.style import MUTED, SERIES


def pair(better, worse, value, low, high, told):
    return Pair(better, worse, Estimate(value, low, high), 0.01, 0.02, None, told)


def test_a_pair_lies_between_its_names_and_dark_is_told_apart():
    pairs = [pair("a", "b", 0.2, 0.1, 0.3, True), pair("b", "c", 0.0, -0.1, 0.1, False)]
    axes = difference_figure(pairs).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["b  ◂", "c  ◂"]
    assert [label.get_text() for label in axes.child_axes[0].get_yticklabels()] == ["▸  a", "▸  b"]
    low, high = axes.get_xlim()
    assert low == -high and high > 0.3, "0 is in the middle, and no interval is cut off"
    points = [line for line in axes.lines if line.get_marker() == "o"]
    assert [(line.get_xdata()[0], line.get_color()) for line in points] == [(0.2, SERIES[0]), (0.0, MUTED)]


def test_what_could_not_be_tested_has_an_empty_row():
    axes = difference_figure([Pair("a", "b", Estimate(None), None, None, None, False)]).axes[0]
    assert not [line for line in axes.lines if line.get_marker() == "o"]
    assert len(axes.get_yticklabels()) == 1
