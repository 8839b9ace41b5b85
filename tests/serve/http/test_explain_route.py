"""`POST /v1/explain`: pictures of where a network looked, and what is refused."""

import asyncio
import io
import threading
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image

from chestnut.config import InputSpec
from chestnut.serve.http import explaining
from chestnut.serve.scoring.scorer import Scorer
from chestnut.serve.store.row import Query
from onnx_bundle import write_onnx_bundle
from serve_client import png

IMAGE = {"headers": {"content-type": "image/png"}}


def scene(height=60, width=80):
    """A dark picture with a bright spot at the right, as PNG."""
    grey = np.full((height, width), 30, np.uint8)
    grey[10:25, 55:75] = 250
    file = io.BytesIO()
    Image.fromarray(grey).save(file, "PNG")
    return file.getvalue()


def opened(answer):
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/png"
    return np.asarray(Image.open(io.BytesIO(answer.content)))


def test_the_map_is_where_the_evidence_is_and_nothing_is_kept(serve):
    service, ask = serve()
    answer = ask("POST", "/v1/explain?form=map", content=scene(), **IMAGE)
    drawn = opened(answer)
    assert drawn.shape == (60, 80, 2)
    row, column = np.unravel_index(drawn[..., 0].argmax(), (60, 80))
    assert 10 <= row < 25
    assert 55 <= column < 75
    assert answer.headers["x-chestnut-method"] == "occlusion"
    assert answer.headers["x-chestnut-class"] == "PNEUMONIA"
    assert answer.headers["x-chestnut-evidence"] == "true"
    assert answer.headers["cache-control"] == "no-store"
    assert not service.store.find(Query())


def test_the_other_forms(serve):
    _, ask = serve()
    picture = ask("POST", "/v1/explain?form=picture", content=scene(), **IMAGE)
    assert (opened(picture) == np.asarray(Image.open(io.BytesIO(scene())))).all()
    assert "x-chestnut-method" not in picture.headers
    overlay = opened(ask("POST", "/v1/explain", files=[("files", ("a.png", scene()))]))
    assert overlay.shape == (60, 80, 3)
    assert (overlay[50:, :20] == 30).all()
    assert (overlay[15, 65] != 250).any()


def test_where_nothing_speaks_for_the_class_the_picture_is_as_it_was(serve):
    _, ask = serve()
    answer = ask("POST", "/v1/explain?class=NORMAL&method=occlusion", content=png(250), **IMAGE)
    assert answer.headers["x-chestnut-evidence"] == "false"
    assert (opened(answer) == 250).all()


def test_a_class_of_any_letters_fits_into_a_header(serve, tmp_path):
    names = ("normal", "肺炎 ±\u00e9")
    run = write_onnx_bundle(tmp_path / "other", classes=names, positive=names[1])
    _, ask = serve(scorers=[Scorer.open(run, threads=1)])
    answer = ask("POST", "/v1/explain", content=scene(), **IMAGE)
    assert answer.status_code == 200
    assert unquote(answer.headers["x-chestnut-class"]) == names[1]


def test_what_the_network_does_not_see_is_transparent(serve, tmp_path):
    run = write_onnx_bundle(tmp_path / "fit", spec=InputSpec(height=32, width=32, resize="crop"))
    _, ask = serve(scorers=[Scorer.open(run, threads=1)])
    alpha = opened(ask("POST", "/v1/explain?form=map", content=scene(), **IMAGE))[..., 1]
    assert not alpha[:, :10].any()
    assert alpha[:, 10:70].all()
    assert not alpha[:, 70:].any()


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("?class=PNEUMONA", 422, "did you mean PNEUMONIA"),
        ("?method=activation", 422, "take method='occlusion' or 'auto'"),
        ("?method=gradient", 422, "method"),
        ("?form=pdf", 422, "form"),
        ("?model=other", 404, "there is no model 'other'"),
    ],
)
def test_what_is_refused(serve, path, status, words):
    _, ask = serve()
    answer = ask("POST", f"/v1/explain{path}", content=scene(), **IMAGE)
    assert answer.status_code == status
    assert words in answer.json()["error"]


def test_one_image_at_a_time(serve):
    _, ask = serve()
    two = ask("POST", "/v1/explain", files=[("files", ("a.png", scene())), ("files", ("b.png", scene()))])
    assert (two.status_code, two.json()["error"][:21]) == (400, "the form has 2 images")
    bad = ask("POST", "/v1/explain", files=[("files", ("DOE.png", scene()[:60]))])
    assert bad.status_code == 422
    assert bad.json()["error"].startswith("DOE.png: is truncated")


def test_when_many_maps_wait_the_next_is_refused(serve, monkeypatch):
    service, ask = serve()
    service.maps = explaining._WAITING
    answer = ask("POST", "/v1/explain", content=scene(), **IMAGE)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "2"
    assert ask("POST", "/v1/explain?form=picture", content=scene(), **IMAGE).status_code == 200


def test_a_map_that_nobody_waits_for_is_given_up(serve):
    service, client = serve()
    batches, waiting, go_on = [], threading.Event(), threading.Event()
    engine = service.queue(None).scorer.engine
    compute = type(engine).compute_logits

    class Slow(type(engine)):
        def compute_logits(self, images, progress):
            batches.append(len(images))
            waiting.set()
            assert go_on.wait(10)
            return compute(self, images, progress)

    object.__setattr__(service.queue(None).scorer, "engine", Slow(engine.session, engine.spec))

    async def leave():
        async with client.open() as asking:
            task = asyncio.ensure_future(asking.post("/v1/explain", content=scene(), **IMAGE))
            await asyncio.to_thread(waiting.wait, 10)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(leave())
    go_on.set()
    service.explainers.shutdown(wait=True)
    assert len(batches) == 1
    assert service.maps == 0
