"""A page as a PDF."""

import builtins
import shutil
import subprocess
import sys

import pytest

import chestnut as cn
from chestnut.errors import DataError, MissingExtraError, RunError
from chestnut.report.pages.run import write_run_page

MARK = '<meta name="generator" content="chestnut">'
PAGE = f"<!doctype html><html lang=en><head>{MARK}<title>a</title><style></style></head><body>a</body></html>"


@pytest.fixture
def page(tmp_path):
    path = tmp_path / "page.html"
    path.write_text(PAGE)
    return path


def test_only_pages_of_chestnut_are_drawn(tmp_path):
    other = tmp_path / "other.html"
    other.write_text("<p>secret <img src='file:///etc/passwd'>")
    with pytest.raises(DataError, match=r"other\.html is not a page that chestnut wrote"):
        cn.write_pdf(other)
    with pytest.raises(DataError, match=r"missing\.html"):
        cn.write_pdf(tmp_path / "missing.html", tmp_path / "x.pdf")
    with pytest.raises(DataError, match=r"has none of report\.html, comparison\.html"):
        cn.write_pdf(tmp_path, tmp_path / "x.pdf")
    assert [path.name for path in tmp_path.iterdir()] == ["other.html"]


def test_without_weasyprint_the_message_names_the_command(page, monkeypatch):
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(MissingExtraError, match=r"run pip install 'chestnut\[pdf\]'"):
        cn.write_pdf(page)
    assert not page.with_suffix(".pdf").exists()


def test_without_pango_the_message_names_the_library(page, monkeypatch):
    original = builtins.__import__

    def refuse(name, *rest):
        if name == "weasyprint":
            raise OSError("cannot load library 'libpango-1.0-0'")
        return original(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(MissingExtraError, match="Pango, which is not installed; on Debian and Ubuntu run apt-get"):
        cn.write_pdf(page)
    assert not page.with_suffix(".pdf").exists()


def test_a_pdf_replaces_no_file_of_a_run(finished, page):
    with pytest.raises(RunError, match="where only chestnut writes"):
        cn.write_pdf(page, finished.run.path / "bundle.pdf")


@pytest.mark.slow
def test_a_report_becomes_a_tagged_document_with_its_figures(finished, chestnut, tmp_path):
    pytest.importorskip("weasyprint", exc_type=ImportError)
    write_run_page(finished.run, tmp_path / "page.html")
    target = tmp_path / "page.pdf"
    assert chestnut("report", tmp_path / "page.html", "--pdf", target)[:2] == (0, f"{target}\n")
    assert target.read_bytes().startswith(b"%PDF-")
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed: tools/install_peers.sh installs it")
    text = _run("pdftotext", "-layout", target, "-")
    facts = dict(line.split(":", 1) for line in _run("pdfinfo", target).splitlines() if ":" in line)
    assert facts["Tagged"].strip() == "yes"
    assert facts["Title"].strip() == "cnn-small-1 · chestnut"
    pages = int(facts["Pages"])
    assert "0.910" in text and "0.880–0.940" in text
    assert "Limits ..." in text.replace("Limits.", "Limits .") and f"{pages} / {pages}" in text
    assert "The whole recipe" in text and "learning_rate" in text


def _run(*words):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, check=True).stdout
