"""A service without a network connection: requests go straight to the application."""

import pytest

from chestnut.serve.http.app import create_app
from chestnut.serve.http.service import Service
from chestnut.serve.scoring.scorer import Scorer
from chestnut.serve.store.store import Store
from onnx_bundle import write_onnx_bundle
from serve_client import Client


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    """A run with a network that finds bright images positive."""
    return write_onnx_bundle(tmp_path_factory.mktemp("runs") / "bright")


@pytest.fixture
def serve(run, tmp_path):
    """Return a function that begins a service; it gives (service, client), and all are stopped after the test."""
    services = []

    def begin(*, scorers=None, store=None, base="http://localhost:8765", **options):
        scorers = scorers or [Scorer.open(run, threads=1)]
        store = store or Store.open(f"sqlite:///{tmp_path / f'audit{len(services)}.sqlite'}")
        service = Service(scorers, store, **options)
        services.append(service)
        return service, Client(create_app(service), base)

    yield begin
    for service in services:
        service.close()
        service.store.close()
