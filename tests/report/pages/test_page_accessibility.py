"""Every kind of page, checked by axe-core in Chromium: light and dark, and as wide as a phone."""

import os
import shutil
from pathlib import Path

import pytest
from test_comparison_page import comparison, row  # noqa: F401 - fixtures
from test_embedding_page import page as embedding  # noqa: F401
from test_tuning_page import search, trial, written  # noqa: F401

from chestnut.report.pages.audit import write_audit_page
from chestnut.report.pages.comparison import write_comparison_page
from chestnut.report.pages.run import write_run_page

AXE = Path(os.environ.get("AXE_CORE") or Path.home() / ".cache" / "axe-core") / "axe.min.js"
SCREENS = ((1400, "light"), (1400, "dark"), (390, "light"))
UNFOLD = "document.querySelectorAll('details').forEach((one) => (one.open = true))"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser():
    chromium = shutil.which("chromium")
    if chromium is None or not AXE.is_file():
        pytest.skip("chromium or axe-core is not installed: tools/install_peers.sh installs them")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def violations(browser, file):
    """Return what axe-core finds serious or critical on a page, on every screen."""
    found = []
    for width, scheme in SCREENS:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True, reduced_motion="reduce"
        )
        page = context.new_page()
        page.goto(file.as_uri())
        page.evaluate(UNFOLD)
        page.evaluate(AXE.read_text(encoding="utf-8"))
        answer = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        found += [
            (width, scheme, one["id"], one["nodes"][0]["html"], one["nodes"][0]["failureSummary"])
            for one in answer["violations"]
            if one["impact"] in ("serious", "critical")
        ]
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{file.name} is wider than {width}"
        context.close()
    return found


def test_the_report_of_a_run(browser, finished, tmp_path):
    write_run_page(finished.run, tmp_path / "run.html")
    assert violations(browser, tmp_path / "run.html") == []


def test_the_page_of_an_audit(browser, audit, tmp_path):
    write_audit_page(audit, tmp_path / "audit.html", "chest")
    assert violations(browser, tmp_path / "audit.html") == []


def test_the_pages_of_studies_and_of_a_map(browser, request):
    study = request.getfixturevalue("comparison")([row(1, "cnn-small", 0.98), row(2, "mlp", 0.9)], [])
    write_comparison_page(study, study.page_file)
    found = request.getfixturevalue("search")([trial(0, "finished", 0.97), trial(1, "pruned", 0.9)], 0)
    pages = (study.page_file, written(found), request.getfixturevalue("embedding"))
    assert {page.name: violations(browser, page) for page in pages} == {page.name: [] for page in pages}


def test_what_is_wrong_is_found(browser, tmp_path):
    bad = "<!doctype html><html><title>a</title><main><h1>a</h1><img src='data:,'><p style='color:#aaa'>pale</p></main>"
    (tmp_path / "bad.html").write_text(bad)
    names = {name for _, _, name, _, _ in violations(browser, tmp_path / "bad.html")}
    assert {"image-alt", "html-has-lang", "color-contrast"} <= names
