"""`POST /v1/predict`: what is answered for good, bad and mixed images, and what is in the audit table then."""

import math

import pytest

from chestnut.serve.scoring.scorer import Scorer
from chestnut.serve.store.row import Query
from onnx_bundle import write_onnx_bundle
from serve_client import png


def test_one_image_as_the_body(serve):
    service, ask = serve()
    answer = ask("POST", "/v1/predict", content=png(120), headers={"content-type": "image/png"})
    assert answer.status_code == 200
    said = answer.json()
    (result,) = said["results"]
    bundle = service.queue(None).scorer.bundle
    assert said["model"] == {
        "name": "bright", "bundle": bundle.identity, "classes": ["NORMAL", "PNEUMONIA"], "positive": "PNEUMONIA",
        "threshold": 0.4,
    }  # fmt: skip
    assert result["probabilities"]["PNEUMONIA"] == pytest.approx(1 / (1 + math.exp(-1)), abs=1e-6)
    assert result["decision"] == "PNEUMONIA"
    assert result["name"] == "image"
    assert result["kept"] is False
    assert set(said["timing_ms"]) == {"decode", "score", "store", "total"}
    (row,) = service.store.find(Query())
    assert (row.id, row.decision, row.client, row.model) == (result["id"], "PNEUMONIA", "this computer", "bright")
    assert row.bundle == result["bundle"] == bundle.identity
    assert row.pixels == result["pixels"]


def test_a_corrupt_file_among_eight_gives_one_error_and_seven_results(serve):
    service, ask = serve()
    images = [png(20 * number) for number in range(8)]
    images[3] = images[3][:40]
    files = [("files", (f"{number}.png", image, "image/png")) for number, image in enumerate(images)]
    answer = ask("POST", "/v1/predict", files=files)
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [result["name"] for result in results] == [f"{number}.png" for number in range(8)]
    assert [number for number, result in enumerate(results) if "error" in result] == [3]
    assert results[3].keys() == {"name", "error"}
    decisions = [result["decision"] for result in results if "error" not in result]
    assert decisions == ["NORMAL"] * 4 + ["PNEUMONIA"] * 3
    rows = {row.id: row.decision for row in service.store.find(Query())}
    assert rows == {result["id"]: result["decision"] for result in results if "error" not in result}


def test_images_that_are_all_bad(serve):
    service, ask = serve()
    answer = ask("POST", "/v1/predict", files=[("files", ("a.png", b"no picture")), ("files", ("b.png", b""))])
    assert answer.status_code == 422
    assert [result["name"] for result in answer.json()["results"]] == ["a.png", "b.png"]
    assert not service.store.find(Query())


def test_an_image_for_which_the_network_gives_no_number(serve, tmp_path):
    run = write_onnx_bundle(tmp_path / "nan", nan_below=50)
    _, ask = serve(scorers=[Scorer.open(run, threads=1)])
    answer = ask("POST", "/v1/predict", files=[("files", ("dark.png", png(10))), ("files", ("bright.png", png(200)))])
    assert answer.status_code == 200
    dark, bright = answer.json()["results"]
    assert "NaN" in dark["error"]
    assert bright["decision"] == "PNEUMONIA"


def test_a_model_is_chosen_by_its_name(serve, run, tmp_path):
    other = write_onnx_bundle(tmp_path / "strict", threshold=0.9)
    _, ask = serve(scorers=[Scorer.open(run, threads=1), Scorer.open(other, threads=1)])
    image = {"content": png(120), "headers": {"content-type": "image/png"}}
    first, second = ask("POST", "/v1/predict", **image), ask("POST", "/v1/predict?model=strict", **image)
    assert first.json()["results"][0]["decision"] == "PNEUMONIA"
    assert second.json()["results"][0]["decision"] == "NORMAL"
    unknown = ask("POST", "/v1/predict?model=strct", **image)
    assert unknown.status_code == 404
    assert unknown.json() == {"error": "there is no model 'strct'; did you mean strict?"}
    listed = ask("GET", "/v1/models").json()
    assert [model["name"] for model in listed["models"]] == ["bright", "strict"]
    assert listed["notice"].startswith("Not a medical device")
