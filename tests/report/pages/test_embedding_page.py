"""The page of an embedding in a real browser: pointing at a dot, or going to it, shows its image."""

import shutil
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from chestnut.data.manifest import Manifest
from chestnut.explain.embedding.embedding import embed_images
from chestnut.explain.embedding.folder import write_embedding
from chestnut.report.pages.embedding import write_embedding_page

IMAGES = 3000


@pytest.fixture
def page(tmp_path):
    """The page of many images of two patients each, whose names must not be told."""
    random = np.random.default_rng(0)
    targets = random.integers(0, 2, IMAGES)
    rows = [
        {"path": f"/data/smith-{number}.png", "label": "AB"[target], "patient": f"smith-{number // 2}", "split": "val"}
        for number, target in enumerate(targets)
    ]
    manifest = Manifest.build(rows, tmp_path / "data")
    positive = np.clip(0.5 + 0.3 * (2 * targets - 1) + random.normal(0, 0.2, IMAGES), 0, 1)
    features = random.normal(size=(IMAGES, 6)) + 2 * targets[:, None]
    columns = {"</script><b>": [f"</script>{target}" for target in targets]}
    found = embed_images(manifest, features, np.column_stack([1 - positive, positive]), 0.5, columns)
    pixels = random.integers(0, 256, (IMAGES, 48, 48), dtype=np.uint8)
    write_embedding(tmp_path, found, pixels, {"split": "val", "weights": "0", "synthetic": False}, [])
    facts = {"root": str(tmp_path), "classes": ["A", "B"]}
    run = SimpleNamespace(path=tmp_path, name="first", facts=facts, rows=manifest.frame.astype(str))
    write_embedding_page(run, tmp_path, tmp_path / "embedding.html")
    return tmp_path / "embedding.html"


@pytest.mark.slow
def test_a_dot_shows_its_image_and_nothing_leaves_the_page(page):
    text = page.read_text()
    assert page.stat().st_size < 5_000_000 and "smith" not in text and "</script><b>" not in text
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed: tools/install_peers.sh installs it")
    from playwright.sync_api import sync_playwright

    table = pd.read_csv(page.parent / "embedding.csv", dtype=str)
    faults = []
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        tab = browser.new_page(viewport={"width": 1200, "height": 900})
        tab.on("pageerror", lambda error: faults.append(str(error)))
        tab.on("console", lambda message: faults.append(message.text))
        tab.on("request", lambda one: faults.append(one.url) if not one.url.startswith(("file:", "data:")) else None)
        tab.goto(page.as_uri())
        tab.focus("#map")
        tab.keyboard.press("Home")
        left = table.iloc[table["x"].astype(float).argmin()]
        assert left["label"] in tab.inner_text("#facts") and f"{float(left['probability']):.3f}" in tab.inner_text(
            "#facts"
        )
        assert tab.inner_text("#facts dd >> nth=0").startswith("image ")
        tab.keyboard.press("Escape")
        assert tab.inner_text("#facts") == ""
        box = tab.locator("#map").bounding_box()
        x, y = (table[name].astype(float) for name in ("x", "y"))
        right = x.argmax()
        across = box["x"] + 16 + box["width"] - 34
        down = box["y"] + 17 + (y.max() - y[right]) / (y.max() - y.min()) * (box["height"] - 34)
        tab.mouse.move(across, down)
        assert table["decision"][right] in tab.inner_text("#facts")
        drawn = (
            "() => new Set(document.getElementById('picture').getContext('2d').getImageData(0, 0, 288, 288).data).size"
        )
        assert (tab.evaluate(drawn) > 10) == (not pd.isna(table["picture"][right]))
        tab.click("[data-colour='1']")
        assert "right" in tab.inner_text("#legend")
        browser.close()
    assert faults == []
