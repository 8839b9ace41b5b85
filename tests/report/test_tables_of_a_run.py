"""The tables of a run in their three formats: every number as a number, nothing that a program would execute."""

import csv
import io
import math
import re

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chestnut.errors import DataError
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.report.formats import find_format
from chestnut.report.tables.latex import escape, latex
from chestnut.report.tables.run_tables import run_tables
from chestnut.report.tables.table import Table
from chestnut.report.tables.workbook import sheet_names, write_workbook
from chestnut.report.tables.write import FORMATS, WORKBOOK, to_csv, write_tables

HOSTILE = ["=1+1", "+A1", "-2", "@SUM(A1)", "https://a.b", "a & b_c 50 % #1 {x} \\y ~ ^ $z$", 'é|<b>"q"']
TABLE = Table.of(
    "metrics-test",
    "Metrics, 50 % of A&B",
    ["metric", "figure", "n"],
    [
        ["AUROC", Estimate(0.9, 0.85, 0.95), 12],
        ["LR+", Estimate(None, 7.5, None), None],
        ["undefined", Estimate(None), 0],
        *([text, Estimate(-0.25), 1234.5] for text in HOSTILE),
    ],
    ["A note_with 5 %."],
)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=20)


def test_csv_has_three_columns_for_a_figure_with_an_interval():
    head, *rows = csv.reader(io.StringIO(to_csv(TABLE)))
    assert head == ["metric", "figure", "figure low", "figure high", "n"]
    assert rows[0] == ["AUROC", "0.9", "0.85", "0.95", "12"]
    assert rows[1] == ["LR+", "inf", "7.5", "inf", ""]
    assert rows[2] == ["undefined", "", "", "", "0"]
    assert [row[0] for row in rows[3:]] == HOSTILE


def test_a_workbook_has_numbers_and_no_formula(tmp_path):
    write_workbook([TABLE], tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    assert book.sheetnames == ["contents", "metrics-test"]
    sheet = book["metrics-test"]
    cells = list(sheet.iter_rows(min_row=2, max_row=1 + len(TABLE.rows)))
    assert [cell.value for cell in cells[0]] == ["AUROC", 0.9, 0.85, 0.95, 12]
    assert [cell.value for cell in cells[1]] == ["LR+", "∞", 7.5, "∞", None]
    assert [row[0].value for row in cells[3:]] == HOSTILE
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} == {"s", "n"}
    assert not any(cell.hyperlink for row in sheet.iter_rows() for cell in row)
    assert sheet.freeze_panes == "A2"
    write_workbook([TABLE], tmp_path / "b.xlsx")
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


@given(st.lists(st.text(max_size=40), max_size=4))
@settings(max_examples=25)
def test_names_of_sheets_are_short_plain_and_different(names):
    found = sheet_names(names)
    assert len({name.casefold() for name in found} | {"contents"}) == len(names) + 1
    assert all(0 < len(name) <= 31 and not re.search(r"[\[\]:*?/\\']", name) for name in found)


def read_latex(source):
    """Return the rows of a tabular, or fail where a character would have a meaning of its own."""
    body = source.split("\\midrule\n")[1].split("\n\\bottomrule")[0]
    plain = re.sub(r"\\(?:[&%$#_{}]|[a-z]+\{\})|\$-\$|\$\\[a-z]+\$|\{\}", "", body)
    assert not re.search(r"[%$#_{}~^]", plain.replace("~", "")), plain
    rows = [line.removesuffix(" \\\\") for line in body.splitlines()]
    assert all(line.endswith(" \\\\") for line in body.splitlines())
    return [re.split(r" (?<!\\)& ", row) for row in rows]


def test_latex_has_a_cell_for_each_column_and_escapes_all_else():
    source = latex(TABLE)
    rows = read_latex(source)
    assert {len(row) for row in rows} == {3}
    assert rows[0] == ["AUROC", "0.900 (0.850--0.950)", "12"]
    assert rows[1] == ["LR+", r"$\infty$ (7.500--$\infty$)", "--"]
    assert r"\caption{Metrics, 50 \% of A\&B. A note\_with 5 \%.}" in source and r"\label{tab:metrics-test}" in source
    assert source.count("\\begin{") == source.count("\\end{") == 2
    long = Table.of("long", "Long", ["n"], [[number] for number in range(41)])
    assert "\\begin{longtable}{r}" in latex(long) and len(read_latex(latex(long).replace("\\endhead\n", ""))) == 41


@given(TEXTS)
@settings(max_examples=100)
def test_no_text_has_a_meaning_for_latex(text):
    written = escape(text)
    rest = re.sub(r"\\(?:[&%$#_{}]|[a-z]+\{\})|\$-\$|\$\\[a-zA-Z]+\$", "", written)
    assert not re.search(r"[\\&%$#_{}^]", rest)


def test_a_row_of_another_length_is_refused():
    with pytest.raises(ValueError, match="rows of several lengths"):
        Table.of("t", "T", ["a", "b"], [["x"]])


def test_the_tables_of_a_run(finished, tmp_path):
    tables = {table.name: table for table in run_tables(finished.run)}
    assert list(tables) == [
        *("flow", "table-1", "counts", "history", "metrics-test", "calibration-test", "metrics-val", "ledger"),
    ]  # fmt: skip
    assert tables["metrics-test"].rows[0][:2] == ("AUROC", Estimate(0.91, 0.88, 0.94))
    assert tables["history"].rows[1][0] == 2 and math.isnan(tables["history"].rows[1][4])
    assert tables["ledger"].rows[0][:4] == (1, "2025-06-01T10:00:00+00:00", 312, "chest")
    for form in ("csv", "latex", "xlsx"):
        names = write_tables(list(tables.values()), tmp_path / form, form)
        assert len(names) == (1 if form == "xlsx" else len(tables))
    assert (tmp_path / "xlsx" / WORKBOOK).is_file()
    with pytest.raises(DataError, match="contains files already"):
        write_tables(list(tables.values()), tmp_path / "csv", "csv")


def test_an_unknown_format_is_refused():
    with pytest.raises(DataError, match="format=docx: there is no such format of tables; known: csv, latex, xlsx"):
        find_format("docx", FORMATS, "tables")


def test_tables_hide_folders_unless_asked(finished):
    finished.look({"command": "chestnut evaluate /home/mary/runs/a", "data": "/home/mary/chest"})
    hidden, shown = (
        {table.name: table for table in run_tables(finished.run, identities=shown)}["ledger"].rows[0][5]
        for shown in (False, True)
    )
    assert "mary" not in hidden and "/home/mary/runs/a" in shown
