"""Draw pictures of chestnut's HTML pages, to be looked at before a change of their style is made.

    python -m tools.page_shots --out shots                        # pages of small synthetic runs, made in minutes
    python -m tools.page_shots runs/first study/comparison.html   # the report of a run, and a page

Each page is drawn as a phone, a tablet and a desktop show it, dark, as Chromium prints it, and, where chestnut writes a
PDF of it, as that PDF. Long pictures are cut into parts that can be read. `make shots` runs it.
"""

from __future__ import annotations

import argparse
import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser

from tools.browser import open_browser

#: The name, width and colour scheme of each picture of a screen.
SCREENS = (("phone", 390, "light"), ("tablet", 800, "light"), ("desktop", 1400, "light"), ("dark", 1400, "dark"))

#: The height in pixels of a part of a long picture.
PART = 2400

#: Unfolds the page, and loads the pictures that would wait until someone scrolls to them.
_LOAD = """() => {
  document.querySelectorAll("main details").forEach((one) => (one.open = true));
  document.querySelectorAll("img").forEach((one) => (one.loading = "eager"));
}"""

_SMALL = ["--set", "input.height=32", "--set", "input.width=32", "--set", "train.epochs=2"]
#: What makes the pages that are drawn if none are given.
COMMANDS = (
    ["phantom", "images", "--patients", "60", "--size", "96"],
    ["audit", "images", "--out", "audit"],
    ["train", "images", "--name", "report", *_SMALL],
    ["evaluate", "runs/report", "--split", "val"],
    ["evaluate", "runs/report", "--split", "test"],
    ["stress", "runs/report"],
    ["calibrate", "runs/report"],
    ["errors", "runs/report", "--split", "val"],
    ["embed", "runs/report"],
    ["predict", "runs/report", "images/*/phantom-000*", "--html", "predictions.html"],
    [
        "compare",
        "images",
        "--recipes",
        "cnn-small",
        "--grid",
        "optim.learning_rate=0.003,0.001",
        "--name",
        "comparison",
        *_SMALL,
    ],
    ["crossval", "images", "--folds", "2", "--name", "crossval", *_SMALL],
    ["tune", "images", "--recipe", "cnn-search", "--trials", "3", "--executions", "1", "--name", "tune", *_SMALL],
)


def main() -> None:
    """Draw every page."""
    parser = argparse.ArgumentParser(prog="python -m tools.page_shots", description="Draw pictures of pages.")
    parser.add_argument("pages", type=Path, nargs="*", help="HTML files, or run folders whose report is written anew")
    parser.add_argument("--out", type=Path, default=Path("shots"), help="the folder of the pictures")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, open_browser() as browser:
        for page in collect_pages(given.pages or make_runs(Path(scratch)), Path(scratch)):
            for name, content in draw(browser, page):
                place = given.out / f"{page.stem}-{name}.png"
                place.write_bytes(content)
                print(place)


def make_runs(folder: Path) -> list[Path]:
    """Make small runs and studies of synthetic images, and return their pages and folders."""
    for command in COMMANDS:
        print("chestnut", *command)
        chestnut(*command, cwd=folder)
    studies = [folder / "runs" / name / f"{name}.html" for name in ("comparison", "crossval", "tune")]
    galleries = [*folder.glob("runs/report/*/val/*.html"), folder / "predictions.html"]
    return [folder / "runs" / "report", *folder.glob("audit/*.html"), *galleries, *studies]


def collect_pages(given: list[Path], scratch: Path) -> list[Path]:
    """Return the HTML files; the report of each run folder is written into the scratch folder."""
    pages = []
    for path in given:
        if path.is_dir() and (path / "recipe.toml").is_file():
            chestnut("report", str(path.resolve()), "--out", f"{path.resolve().name}.html", cwd=scratch)
            pages.append(scratch / f"{path.resolve().name}.html")
        else:
            pages += sorted(path.glob("*.html")) if path.is_dir() else [path]
    return [page.resolve() for page in pages]


def chestnut(*arguments: str, cwd: Path) -> None:
    """Run a command of chestnut quietly."""
    program = [str(Path(sys.executable).with_name("chestnut")), *arguments]
    done = subprocess.run(program, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"chestnut {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")


def draw(browser: Browser, file: Path) -> list[tuple[str, bytes]]:
    """Return the names and PNGs of all pictures of a page."""
    pictures = []
    for name, width, scheme in SCREENS:
        pictures += [(f"{name}{part}", png) for part, png in cut(draw_screen(browser, file, width, scheme))]
    page = browser.new_page()
    page.goto(file.as_uri())
    pictures += draw_paper(page.pdf(prefer_css_page_size=True), "print")
    page.close()
    return pictures


def draw_screen(browser: Browser, file: Path, width: int, scheme: str) -> bytes:
    """Return the whole page as PNG, with everything unfolded that can be."""
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(file.as_uri())
    wide = page.evaluate("document.documentElement.scrollWidth")
    if wide > width:
        print(f"warning: {file.name} is {wide} pixels wide on a screen of {width}")
    page.evaluate(_LOAD)
    page.wait_for_timeout(200)
    content = page.screenshot(full_page=True)
    page.close()
    return content


def cut(content: bytes) -> list[tuple[str, bytes]]:
    """Cut a long picture into numbered parts."""
    whole = Image.open(io.BytesIO(content))
    parts = []
    for number, top in enumerate(range(0, whole.height, PART), start=1):
        part = io.BytesIO()
        whole.crop((0, top, whole.width, min(top + PART, whole.height))).save(part, "PNG")
        parts.append((f"-{number:02}", part.getvalue()))
    return parts


def draw_paper(pdf: bytes, name: str) -> list[tuple[str, bytes]]:
    """Return the pages of a PDF as PNGs, six on a sheet."""
    if shutil.which("pdftoppm") is None:
        print("pdftoppm is missing, so nothing shows how the page is printed: apt-get install poppler-utils")
        return []
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "page.pdf").write_bytes(pdf)
        subprocess.run(["pdftoppm", "-png", "-r", "60", "page.pdf", "p"], cwd=folder, check=True)
        papers = [Image.open(path).convert("RGB") for path in sorted(Path(folder).glob("p-*.png"))]
        sheets = []
        for number, first in enumerate(range(0, len(papers), 6), start=1):
            some = papers[first : first + 6]
            width, height = some[0].width + 8, some[0].height + 8
            sheet = Image.new("RGB", (width * 3, height * -(-len(some) // 3)), "#888888")
            for place, paper in enumerate(some):
                sheet.paste(paper, (place % 3 * width + 4, place // 3 * height + 4))
            content = io.BytesIO()
            sheet.save(content, "PNG")
            sheets.append((f"{name}-{number:02}", content.getvalue()))
    return sheets


if __name__ == "__main__":
    main()
