"""Tables that fit the terminal: narrow terminals get fewer columns, never broken words."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.style import StyleType
from rich.table import Column, Table
from rich.text import Text

from chestnut.names import printable

#: A cell may be folded into about this many lines before a column is left out to make room for it.
_MOST_LINES = 3
#: Texts of up to so many characters are not folded.
_SHORT = 10
#: Wide enough to measure what a cell needs where there is no limit.
_NO_LIMIT = 10_000


class FittedTable(Table):
    """A table under a heading of any length, which leaves out its least important columns where there is no room.

    Cells are folded between words. Only when no column can be left out any more, and a word is longer than its
    column, is the word broken, so that nothing is lost.
    """

    def __init__(self, heading: str | None, droppable: Sequence[str], elsewhere: str) -> None:
        """Make an empty table.

        Args:
            heading: The line above the table; None for none.
            droppable: Headings of columns that a narrow terminal may leave out, the least important first.
            elsewhere: Where the columns left out can be seen, for the line that names them.
        """
        super().__init__(box=box.SIMPLE_HEAD, pad_edge=False)
        self.heading = heading
        self.droppable = droppable
        self.elsewhere = elsewhere
        self.footnotes: list[str] = []

    def add_row(
        self, *renderables: RenderableType | None, style: StyleType | None = None, end_section: bool = False
    ) -> None:
        """Add a row; markup in texts, such as names with brackets, is taken literally."""
        cells = [Text(printable(cell)) if isinstance(cell, str) else cell for cell in renderables]
        super().add_row(*cells, style=style, end_section=end_section)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the heading, the columns for which there is room, a line that names the others, and the footnotes."""
        if self.heading:
            yield Text(printable(self.heading), style="bold")
        shown = self._shown(console, options.max_width)
        fitted = self._with_columns(shown, self._widths(console, shown, options.max_width))
        yield from console.render(fitted, options)
        if left_out := [str(column.header) for column in self.columns if column not in shown]:
            yield Text(f"Left out for lack of room: {', '.join(left_out)}; see {self.elsewhere}.", style="dim")
        yield from (Text(f"· {note}") for note in self.footnotes)

    def _shown(self, console: Console, width: int) -> list[Column]:
        """Return the columns that are drawn in a width."""
        shown = list(self.columns)
        for name in self.droppable:
            if self._frame(console, shown) + sum(self._least(console, column) for column in shown) <= width:
                break
            shown = [column for column in shown if column.header != name]
        return shown

    def _widths(self, console: Console, shown: Sequence[Column], width: int) -> list[int] | None:
        """Return the width of each column's cells; None where even the longest words do not fit side by side."""
        needs = [self._measure(console, column) for column in shown]
        spare = width - self._frame(console, shown) - sum(need.minimum for need in needs)
        if spare < 0:
            return None
        widths = [need.minimum for need in needs]
        # Columns that want little are served first: figures stay on one line, and long texts share the rest
        order = sorted(range(len(needs)), key=lambda index: needs[index].span)
        for place, index in enumerate(order):
            extra = min(needs[index].span, spare // (len(order) - place))
            widths[index] += extra
            spare -= extra
        return widths

    def _least(self, console: Console, column: Column) -> int:
        """Return the least width at which a column reads well: no broken word, and few lines to a cell."""
        need = self._measure(console, column)
        return max(need.minimum, -(-need.maximum // _MOST_LINES))

    def _measure(self, console: Console, column: Column) -> Measurement:
        """Return the least width that breaks no word of a column, and the width at which nothing is folded."""
        needs = [_measure_cell(console, cell) for cell in column.cells]
        if self.show_header or not needs:
            needs.append(Measurement.get(console, _unlimited(console), column.header))
        return Measurement(max(need.minimum for need in needs), max(need.maximum for need in needs))

    def _frame(self, console: Console, shown: Sequence[Column]) -> int:
        """Return the width that goes to edges and to the space between columns."""
        bare = self._with_columns(shown, [1] * len(shown))
        return Measurement.get(console, _unlimited(console), bare).maximum - len(shown)

    def _with_columns(self, shown: Sequence[Column], widths: Sequence[int] | None) -> Table:
        """Return a plain table of some of the columns, with the widths of their cells."""
        made = Table(box=self.box, pad_edge=False, show_header=self.show_header)
        for index, column in enumerate(shown):
            width = widths[index] if widths else None
            made.add_column(column.header, justify=column.justify, overflow="fold", width=width)
        cells = [list(column.cells) for column in shown]
        for index, row in enumerate(self.rows):
            made.add_row(*(column[index] for column in cells), style=row.style, end_section=row.end_section)
        return made


def _measure_cell(console: Console, content: RenderableType) -> Measurement:
    need = Measurement.get(console, _unlimited(console), content)
    # A text with line breaks of its own is laid out already, and a short one such as "2 of 16" belongs together
    whole = "\n" in str(content) or need.maximum <= _SHORT
    return Measurement(need.maximum, need.maximum) if whole else need


def _unlimited(console: Console) -> ConsoleOptions:
    return console.options.update(width=_NO_LIMIT)


def table(
    title: str | None = None,
    columns: Sequence[str] = (),
    numbers: Sequence[str] = (),
    droppable: Sequence[str] = (),
    elsewhere: str = "--wide or --json",
) -> FittedTable:
    """Make an empty table in the house style.

    Args:
        title: The line above it.
        columns: The headings.
        numbers: Those of the columns that are set flush right.
        droppable: Those of the columns that a narrow terminal may leave out, the least important first.
        elsewhere: Where the columns left out can be seen.
    """
    made = FittedTable(title, droppable, elsewhere)
    for column in columns:
        made.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    return made
