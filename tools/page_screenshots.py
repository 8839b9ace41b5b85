"""Draw the screenshots of the service's page in the docs.

    chestnut phantom images --patients 300
    chestnut train images --recipe cnn-small --epochs 14 --name phantoms
    chestnut phantom shown --patients 14 --size 768 --seed 11
    python -m tools.page_screenshots runs/phantoms shown

It serves the run on this computer, opens its page in Chromium, adds the images, gives a verdict, opens the next image
with its heat map, and writes `page-light.webp`, `page-dark.webp` and `page-phone.webp`. tools/install_peers.sh installs
Chromium.
"""

from __future__ import annotations

import argparse
import io
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page

from chestnut.serve.http.server import Server, bind
from chestnut.serve.http.service import Service
from chestnut.serve.scoring.scorer import Scorer
from chestnut.serve.store.store import Store
from tools.browser import open_browser

#: Width, height and device pixels a pixel of each screenshot.
WINDOWS = {"light": (1360, 850, 2.0), "dark": (1360, 850, 2.0), "phone": (390, 844, 2.0)}

#: The most images that are added.
MOST = 24


def main() -> None:
    """Draw all screenshots."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.page_screenshots", description="Draw the page's screenshots."
    )
    parser.add_argument("run", type=Path, help="a run, or its bundle")
    parser.add_argument("images", type=Path, help="a folder with the images to show")
    parser.add_argument("--out", type=Path, default=Path("docs/images"), help="the folder of the screenshots")
    given = parser.parse_args()
    files = [path for path in sorted(given.images.rglob("*.*")) if path.suffix in {".jpeg", ".jpg", ".png", ".dcm"}]
    shown = [path for path in files if not any(part.startswith("_") for part in path.parts)][:MOST]
    if not shown:
        parser.error("there are no images")
    given.out.mkdir(parents=True, exist_ok=True)
    with open_browser() as browser, serving(given.run) as address:
        for name in WINDOWS:
            content = draw(browser, address, shown, name)
            place = given.out / f"page-{name}.webp"
            Image.open(io.BytesIO(content)).convert("RGB").save(place, quality=82, method=6)
            print(f"{place}: {place.stat().st_size:,} bytes")


@contextmanager
def serving(run: Path) -> Iterator[str]:
    """Serve a run on this computer, with an audit table of its own; gives the address."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(f"sqlite:///{folder}/audit.sqlite")
        service = Service([Scorer.open(run)], store)
        listener, ready = bind("127.0.0.1", 0), threading.Event()
        server = Server(service, ready.set)
        thread = threading.Thread(target=server.answer, args=(listener,))
        thread.start()
        ready.wait()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            server.stop()
            thread.join()
            service.close()
            store.close()


def draw(browser: Browser, address: str, files: list[Path], name: str) -> bytes:
    """Return a screenshot as PNG."""
    width, height, scale = WINDOWS[name]
    page = browser.new_page(
        viewport={"width": width, "height": height},
        device_scale_factor=scale,
        color_scheme="light" if name == "light" else "dark",
    )
    page.goto(address)
    page.set_input_files("#files", files)
    page.wait_for_selector("#sending", state="visible")
    page.wait_for_selector("#sending", state="hidden")
    open_card(page, 0)
    page.locator(".verdicts").get_by_text("Agree", exact=True).click()
    page.get_by_role("button", name="Save, next image").click()
    page.locator(".mark.verdict").wait_for(state="attached")
    if name == "phone":
        page.locator("#back").click()
    open_card(page, 1)
    page.locator(".switch", has=page.locator("#map-on")).click()
    page.locator("#corner-map", has_text="Heat map for").wait_for(state="visible")
    page.locator("#cards").evaluate("(cards) => (cards.scrollTop = 0)")
    page.evaluate("scrollTo(0, 0)")
    page.mouse.move(width / 2, 60)
    page.wait_for_timeout(1000)  # thumbnails are drawn when there is time
    content = page.screenshot()
    page.close()
    return content


def open_card(page: Page, place: int) -> None:
    """Open the image of a card, and wait for its picture."""
    page.locator(".card-open").nth(place).click()
    page.locator("#stage-note").wait_for(state="hidden")
    page.locator("#answer-body").wait_for(state="visible")


if __name__ == "__main__":
    main()
