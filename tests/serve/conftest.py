"""A service: without a network connection, where requests go straight to the application, or on a port."""

import contextlib
import threading

import pytest

from chestnut.serve.http.app import create_app
from chestnut.serve.http.server import Server, bind
from chestnut.serve.http.service import Service
from chestnut.serve.http.settings import Limits
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


@contextlib.contextmanager
def listening(service):
    """Answer for a service on a free port of this computer, which is given, until the block ends."""
    listener, ready = bind("127.0.0.1", 0), threading.Event()
    server = Server(service, ready.set)
    thread = threading.Thread(target=server.answer, args=[listener])
    thread.start()
    try:
        assert ready.wait(10)
        yield listener.getsockname()[1]
    finally:
        server.stop()
        thread.join(20)
        listener.close()
        assert not thread.is_alive()


@pytest.fixture
def listen(serve):
    """Return a function that begins a service on a port until the test ends; it gives (service, port)."""
    with contextlib.ExitStack() as stack:

        def begin(**options):
            service, _ = serve(**options)
            return service, stack.enter_context(listening(service))

        yield begin


@contextlib.contextmanager
def opened(run, folder, **options):
    """A service with an audit table in a folder, until the block ends."""
    store = Store.open(f"sqlite:///{folder / 'audit.sqlite'}")
    service = Service([Scorer.open(run, threads=1)], store, **options)
    yield service
    service.close()
    store.close()


@pytest.fixture(scope="module")
def shared(run, tmp_path_factory):
    """One service for many requests, which change nothing but its audit table; (service, client)."""
    with opened(run, tmp_path_factory.mktemp("shared")) as service:
        yield service, Client(create_app(service))


#: Limits that are soon reached.
QUICK = Limits(
    request_bytes=50_000, file_bytes=40_000, connections=8, header_seconds=0.5, body_seconds=0.5, drain_seconds=1
)


@pytest.fixture(scope="module")
def quick(run, tmp_path_factory):
    """One service on a port with limits that are soon reached; (limits, port)."""
    with opened(run, tmp_path_factory.mktemp("quick"), limits=QUICK) as service, listening(service) as port:
        yield QUICK, port


@pytest.fixture(scope="module")
def steady(run, tmp_path_factory):
    """The port of a service with the usual limits."""
    with opened(run, tmp_path_factory.mktemp("steady")) as service, listening(service) as port:
        yield port
