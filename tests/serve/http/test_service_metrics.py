"""What Prometheus reads, and whether the service is ready."""

import re
import threading

import pytest

from chestnut.errors import StoreError
from chestnut.serve.http.settings import Limits
from chestnut.serve.store.store import Store
from serve_client import png


def figures(ask):
    """Return the figures by name with labels, without those that depend on time."""
    text = ask("GET", "/metrics").text
    pairs = re.findall(r"^(chestnut_\S+?(?:\{[^}]*\})?) (\S+)$", text, re.MULTILINE)
    return {name: float(value) for name, value in pairs if "_bucket" not in name}


def test_figures_follow_what_is_asked(serve):
    service, ask = serve()
    files = [("files", ("a.png", png(9))), ("files", ("b.png", png(200))), ("files", ("PATIENT^DOE.png", b"none"))]
    assert ask("POST", "/v1/predict", files=files).status_code == 200
    assert ask("GET", "/nowhere/PATIENT^DOE").status_code == 404
    found = figures(ask)
    assert found['chestnut_requests_total{route="/v1/predict",status="200"}'] == 1
    assert found['chestnut_requests_total{route="other",status="404"}'] == 1
    assert found['chestnut_request_seconds_count{route="/v1/predict"}'] == 1
    assert found['chestnut_predictions_total{decision="NORMAL",model="bright"}'] == 1
    assert found['chestnut_predictions_total{decision="PNEUMONIA",model="bright"}'] == 1
    assert found["chestnut_failed_images_total"] == 1
    assert found["chestnut_decode_seconds_count"] == 2
    assert found["chestnut_batch_images_sum"] == 2
    assert found["chestnut_score_seconds_count"] == found["chestnut_batch_images_count"]
    assert found["chestnut_waiting_images"] == 0
    identity = service.queue(None).scorer.bundle.identity
    assert found[f'chestnut_bundle_info{{bundle="{identity}",model="bright"}}'] == 1
    assert "DOE" not in ask("GET", "/metrics").text


def test_a_service_is_ready_until_it_stops_or_its_table_is_away(serve, monkeypatch):
    service, ask = serve(limits=Limits(drain_seconds=0.1))
    assert ask("GET", "/readyz").json() == {"status": "ready"}

    def away(self):
        raise StoreError("the database ada@10.0.0.1 cannot be reached")

    with monkeypatch.context() as patch:
        patch.setattr(Store, "check", away)
        answer = ask("GET", "/readyz")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert answer.json() == {"error": "the audit table cannot be reached"}
        assert ask("GET", "/healthz").status_code == 200
    service.stopping = True
    answer = ask("GET", "/readyz")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert ask("GET", "/healthz").json() == {"status": "alive"}
    refused = ask("POST", "/v1/predict", content=png(9), headers={"content-type": "image/png"})
    assert (refused.status_code, refused.json()["error"][:23]) == (503, "the service is stopping")


def test_a_score_whose_row_cannot_be_written_is_not_answered(serve, monkeypatch, caplog):
    def fail(self, rows):
        raise StoreError("the database cannot be used: the disk is full")

    monkeypatch.setattr(Store, "_insert", fail)
    _, ask = serve()
    answer = ask("POST", "/v1/predict", content=png(9), headers={"content-type": "image/png"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json() == {"error": "the audit table cannot be used; try again later"}
    assert "the disk is full" in caplog.text


@pytest.mark.slow
def test_a_database_that_hangs_is_not_waited_for(serve, monkeypatch, caplog):
    free, insert = threading.Event(), Store._insert

    def hang(self, rows):
        free.wait()
        insert(self, rows)

    monkeypatch.setattr(Store, "_insert", hang)
    _, ask = serve(limits=Limits(answer_seconds=1))
    answer = ask("POST", "/v1/predict", content=png(9), headers={"content-type": "image/png"})
    free.set()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "does not answer" in caplog.text
