"""Write a table as LaTeX for the package booktabs."""

from __future__ import annotations

import re

from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.report.tables.table import Cell, Table

#: A table of more rows than these does not fit on a page; it becomes a longtable, which may break.
_MOST_ROWS = 40

_ESCAPED = {
    **{mark: f"\\{mark}" for mark in "&%$#_{}"},
    **{"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"},
    **{"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}"},
    **{"−": "$-$", "–": "--", "∞": r"$\infty$", "≥": r"$\geq$", "≤": r"$\leq$", "±": r"$\pm$", "×": r"$\times$"},
    **{"Δ": r"$\Delta$", "’": "'", "“": "``", "”": "''", "…": r"\ldots{}", "\xa0": "~"},
}
_SPECIAL = re.compile("|".join(map(re.escape, _ESCAPED)))
_NUMBERS = (int, float, Estimate)


def latex(table: Table) -> str:
    r"""Return the source of a table; the document needs `booktabs`, and `longtable` for one of more than 40 rows.

    >>> print(latex(Table.of("t", "50 % of A_B", ["class", "AUROC"], [["A&B", Estimate(0.9, 0.85, 0.95)]])))
    \begin{table}
    \centering
    \caption{50 \% of A\_B.}
    \label{tab:t}
    \begin{tabular}{lr}
    \toprule
    class & AUROC \\
    \midrule
    A\&B & 0.900 (0.850--0.950) \\
    \bottomrule
    \end{tabular}
    \end{table}
    <BLANKLINE>
    """
    aligned = "".join("r" if _is_numeric(table, at) else "l" for at in range(len(table.columns)))
    caption, label = f"\\caption{{{_caption(table)}}}", f"\\label{{tab:{escape_label(table.name)}}}"
    heads = [r"\toprule", _row(table.columns), r"\midrule"]
    body = [_row(row) for row in table.rows]
    if len(body) > _MOST_ROWS:
        lines = [f"\\begin{{longtable}}{{{aligned}}}", f"{caption}{label}\\\\", *heads, r"\endhead", *body]
        lines += [r"\bottomrule", r"\end{longtable}"]
    else:
        lines = [r"\begin{table}", r"\centering", caption, label, f"\\begin{{tabular}}{{{aligned}}}", *heads, *body]
        lines += [r"\bottomrule", r"\end{tabular}", r"\end{table}"]
    return "\n".join([*lines, ""])


def escape(text: str) -> str:
    r"""Return a text in which nothing has a meaning for LaTeX.

    >>> print(escape("50 % & $1_a"))
    50 \% \& \$1\_a
    """
    return _SPECIAL.sub(lambda found: _ESCAPED[found[0]], text)


def escape_label(name: str) -> str:
    """Return a name with letters, digits and dashes alone."""
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")


def _caption(table: Table) -> str:
    sentences = [table.title if table.title.endswith(".") else f"{table.title}.", *table.notes]
    return " ".join(escape(one if one.endswith(".") else f"{one}.") for one in sentences)


def _row(cells: tuple[Cell, ...]) -> str:
    # A cell that begins with a bracket or a star would be read as an argument of the line end before it
    texts = [_cell(cell) for cell in cells]
    first = f"{{}}{texts[0]}" if texts[0].startswith(("[", "*")) else texts[0]
    return " & ".join([first, *texts[1:]]) + r" \\"


def _cell(cell: Cell) -> str:
    if cell is None:
        return "--"
    if isinstance(cell, int):
        return f"{cell:,}"
    if isinstance(cell, float):
        return escape(f"{cell:.4g}".replace("-", "−"))
    return escape(" ".join(str(cell).split()))


def _is_numeric(table: Table, at: int) -> bool:
    known = [row[at] for row in table.rows if row[at] is not None]
    return bool(known) and all(isinstance(cell, _NUMBERS) for cell in known)
