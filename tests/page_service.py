"""A service for tests of its page, images to give it, and what these tests do on the page."""

import dataclasses
import io
import threading
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
from PIL import Image

from chestnut.serve.http.server import Server, bind
from chestnut.serve.http.service import Service
from chestnut.serve.http.tokens import Tokens
from chestnut.serve.scoring.scorer import Scorer
from chestnut.serve.store.kept_images import KeptImages
from chestnut.serve.store.store import Store
from onnx_bundle import write_onnx_bundle

#: The token of the service that asks for one.
TOKEN = "a token that nobody would guess by trying"


class DarkGuard:
    """Warns of dark images."""

    def judge(self, images, features, threads=None):
        usual = features[:, 0] > 40
        rows = [
            {"in_distribution": bool(one), "score": 0.5 if one else 0.001, "reason": "" if one else "it is very dark"}
            for one in usual
        ]
        return SimpleNamespace(to_rows=lambda: rows)


def picture(mean, *, spot=20, size=(120, 96), form="PNG"):
    """Return the bytes of an image with a soft light, whose grey values have about that mean."""
    width, height = size
    y, x = np.mgrid[:height, :width]
    light = spot * np.exp(-(((x - width / 3) / 20) ** 2 + ((y - height / 2) / 20) ** 2))
    grey = np.clip(mean - light.mean() + light, 0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(grey).save(file, form)
    return file.getvalue()


@contextmanager
def running(folder, *, tokens=None, keep=False):
    """Run a service with two networks; gives it with its address."""
    scorers = []
    for name, threshold in (("bright", 0.4), ("strict", 0.9)):
        run = write_onnx_bundle(folder / name, threshold=threshold)
        scorers.append(dataclasses.replace(Scorer.open(run, threads=1), guard=DarkGuard()))
    store = Store.open(f"sqlite:///{folder / 'audit.sqlite'}")
    images = KeptImages(folder / "kept") if keep else None
    service = Service(scorers, store, tokens=None if tokens is None else Tokens(tokens), images=images)
    listener, ready = bind("127.0.0.1", 0), threading.Event()
    server = Server(service, ready.set)
    thread = threading.Thread(target=server.answer, args=(listener,))
    thread.start()
    assert ready.wait(30)
    try:
        yield SimpleNamespace(service=service, address=f"http://127.0.0.1:{listener.getsockname()[1]}/")
    finally:
        server.stop()
        thread.join(30)
        service.close()
        store.close()
        listener.close()


def choose(page, files):
    """Choose files in the dialog of the page: bytes by their names."""
    page.set_input_files(
        "#files",
        [{"name": name, "mimeType": "application/octet-stream", "buffer": content} for name, content in files.items()],
    )


def wait_until_scored(page, count):
    """Wait until the worklist has so many cards, and none of them waits."""
    page.wait_for_function(
        """(count) => {
          const states = [...document.querySelectorAll(".card")].map((card) => card.dataset.state);
          return states.length === count && states.every((state) => ["scored", "failed"].includes(state));
        }""",
        arg=count,
    )


def card(page, name):
    """Return the card of an image."""
    return page.locator(".card", has=page.locator(f'[title="{name}"]'))


def wait_for(page, condition):
    """Wait until a condition of JavaScript holds, which may use `$`, the text of an element by its id."""
    page.wait_for_function(
        "() => { const $ = (id) => document.getElementById(id).textContent; return " + condition + " }"
    )


def colours_of(page):
    """Return the mean red, green and blue in the middle of the stage, as it is seen."""
    page.wait_for_timeout(100)
    seen = Image.open(io.BytesIO(page.locator("#stage").screenshot())).convert("RGB")
    width, height = seen.size
    middle = np.asarray(seen.crop((width // 4, height // 8, 3 * width // 4, 7 * height // 8)), float)
    return middle.mean((0, 1)).tolist()
