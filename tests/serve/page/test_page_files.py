"""The files of the page: all that it names exist, nothing comes from elsewhere, nothing is written inline."""

import re

import httpx
import pytest
from fastapi import FastAPI

from chestnut.serve.page.files import FOLDER, add_page
from serve_client import Client

HTML = (FOLDER / "index.html").read_text(encoding="utf-8")
SCRIPTS = sorted((FOLDER / "js").glob("*.js"))
STYLES = sorted((FOLDER / "css").glob("*.css"))
TEXTS = [FOLDER / "index.html", FOLDER / "icon.svg", *SCRIPTS, *STYLES]


@pytest.fixture(scope="module")
def client():
    app = FastAPI()
    add_page(app)
    return Client(app)


def test_the_page_and_all_files_that_it_names_are_served(client):
    page = client("GET", "/")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    named = {*re.findall(r'(?:src|href)="(/page/[^"]+)"', page.text)}
    for style in STYLES:
        named |= {*re.findall(r'url\("(/page/[^"]+)"\)', style.read_text(encoding="utf-8"))}
    for script in SCRIPTS:
        text = script.read_text(encoding="utf-8")
        named |= {f"/page/js/{name}" for name in re.findall(r'from "\./([^"]+)"', text)}
    assert len(named) > 30
    kinds = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml", "woff2": "font/woff2"}
    for path in sorted(named):
        answer = client("GET", path)
        assert answer.status_code == 200, path
        assert answer.headers["content-type"].startswith(kinds[path.rsplit(".", 1)[1]]), path
        assert answer.headers["cache-control"] == "no-cache"
    files = {f"/page/{path.relative_to(FOLDER).as_posix()}" for path in FOLDER.rglob("*.*")}
    assert files - named == {"/page/index.html", "/page/fonts/inter.LICENSE.txt"}


def test_a_browser_is_told_that_a_file_has_not_changed(client):
    tag = client("GET", "/page/js/main.js").headers["etag"]
    again = client("GET", "/page/js/main.js", headers={"If-None-Match": tag})
    assert (again.status_code, again.headers["cache-control"], again.content) == (304, "no-cache", b"")


@pytest.mark.parametrize("path", ["/page/", "/page/js", "/page/../files.py", "/page/%2e%2e/files.py", "/page/%00"])
def test_nothing_else_is_served(client, path):
    assert client("GET", httpx.URL("http://localhost:8765").copy_with(raw_path=path.encode())).status_code == 404


def test_no_script_and_no_style_is_written_inside_the_page():
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", HTML) == []
    for script in SCRIPTS:
        text = script.read_text(encoding="utf-8")
        assert (
            re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function", text) == []
        ), script


def test_nothing_comes_from_elsewhere():
    for path in TEXTS:
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert re.findall(r"https?://|//\w+\.\w+/|@import|[\"'(]data:", text) == [], path


def test_every_part_is_short_and_every_name_in_the_scripts_is_an_element():
    assert [path.name for path in TEXTS if len(path.read_text(encoding="utf-8").splitlines()) > 400] == []
    ids = set(re.findall(r'\bid="([^"]+)"', HTML))
    for script in SCRIPTS:
        used = set(re.findall(r'byId\("([\w-]+)"\)', script.read_text(encoding="utf-8")))
        assert used <= ids, script
    assert set(re.findall(r'\bfor="([^"]+)"', HTML)) <= ids
    drawings = set(re.findall(r'<symbol id="i-(\w+)"', HTML))
    used = set(re.findall(r'href="#i-(\w+)"', HTML))
    for script in SCRIPTS:
        used |= set(re.findall(r'\bicon\("(\w+)"\)', script.read_text(encoding="utf-8")))
    assert used | {"agree", "disagree", "unsure"} == drawings
