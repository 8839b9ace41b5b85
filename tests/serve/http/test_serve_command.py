"""`chestnut serve` as a process: it says where it answers, stops when it is told to, and names no patient."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pydicom
import pytest
from pydicom.data import get_testdata_file

import chestnut as cn
from chestnut.errors import EngineError
from chestnut.serve.http.server import Server, bind
from chestnut.serve.http.settings import Limits
from chestnut.serve.scoring.scorer import Scorer
from chestnut.serve.store.row import Query
from chestnut.serve.store.store import Store
from onnx_bundle import write_onnx_bundle
from serve_client import png

PROGRAM = "from chestnut.cli import main; main()"
IMAGE = {"content": png(9), "headers": {"content-type": "image/png"}}


@pytest.fixture
def served(tmp_path):
    """Return a function that starts `chestnut serve` and gives the process and what `--json` says."""
    begun = []

    def begin(*words):
        command = [sys.executable, "-c", PROGRAM, "serve", *map(str, words), "--port", "0", "--json", "-"]
        environment = os.environ | {"XDG_DATA_HOME": str(tmp_path / "data")}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        process = subprocess.Popen(command, env=environment, text=True, **pipes)
        begun.append(process)
        text = ""
        while not text.endswith("\n}\n"):
            line = process.stdout.readline()
            assert line, process.stderr.read()
            text += line
        return process, json.loads(text)

    yield begin
    for process in begun:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


@pytest.mark.slow
def test_a_service_from_its_first_line_to_its_last(served, run, tmp_path):
    """One process for all of it, since each takes seconds to start on a busy machine."""
    other = write_onnx_bundle(tmp_path / "second", threshold=0.9)
    tokens, kept = tmp_path / "tokens", tmp_path / "kept"
    process, said = served(run, other, "--token-file", tokens, "--keep-images", kept, "--keep-days", "30")
    assert said["models"] == ["bright", "second"]
    assert said["token_file"] == str(tokens)
    assert said["audit"] == str(tmp_path / "data" / "chestnut" / "audit.sqlite")
    with httpx.Client(base_url=said["address"], verify=False) as client:
        assert client.get("/readyz").json() == {"status": "ready"}
        assert client.post("/v1/predict", **IMAGE).status_code == 401
        client.headers["authorization"] = f"Bearer {tokens.read_text().strip()}"
        dicom = pydicom.dcmread(get_testdata_file("CT_small.dcm"))
        dicom.PatientName, dicom.PatientID = "Doe^Jane", "MRN-4711"
        dicom.save_as(tmp_path / "DOE.dcm")
        files = [("files", ("DOE.dcm", (tmp_path / "DOE.dcm").read_bytes())), ("files", ("DOE.txt", b"Doe^Jane"))]
        results = client.post("/v1/predict?model=second", files=files).json()["results"]
        assert results[0]["kept"]
        assert results[1].keys() == {"name", "error"}
    loaded = Path(f"/proc/{process.pid}/maps").read_text()
    assert "onnxruntime" in loaded
    assert not [name for name in ("tensorflow", "keras", "jax", "torch", "pandas") if f"/{name}/" in loaded]
    process.send_signal(signal.SIGTERM)
    _, log = process.communicate(timeout=15)
    assert process.returncode == 0
    assert log.splitlines() == [f"note: clients need a token of {tokens}", "stopped"]
    store = Store.open(f"sqlite:///{said['audit']}")
    (row,) = store.find(Query())
    store.close()
    assert (row.client, row.model, row.kept) == ("token 1", "second", results[0]["kept"] and row.kept)
    assert row.subject.patient
    assert (kept / row.kept).is_file()
    written = [file.read_bytes() for file in (tmp_path / "data").rglob("*") if file.is_file()]
    written += [file.read_bytes() for file in kept.rglob("*") if file.is_file()]
    for name in (b"Doe", b"Jane", b"4711", b"DOE.dcm"):
        assert not [content for content in written if name in content]


@pytest.mark.slow
def test_running_requests_are_finished_when_a_service_stops_and_no_others_are_taken(listen, monkeypatch):
    begun, go, score = threading.Event(), threading.Event(), Scorer.score

    def wait(self, images):
        begun.set()
        assert go.wait(5)
        return score(self, images)

    service, port = listen(limits=Limits(drain_seconds=5))
    monkeypatch.setattr(Scorer, "score", wait)
    address, answers = f"http://127.0.0.1:{port}", []
    asking = threading.Thread(target=lambda: answers.append(httpx.post(f"{address}/v1/predict", **IMAGE, verify=False)))
    asking.start()
    assert begun.wait(5)
    with httpx.Client(base_url=address, verify=False) as client:
        assert client.get("/readyz").status_code == 200
        service.stopping = True
        assert client.get("/readyz").status_code == 503
        assert client.post("/v1/predict", **IMAGE).status_code == 503
    go.set()
    asking.join()
    assert answers[0].status_code == 200


@pytest.mark.slow
def test_a_client_that_never_ends_its_request_does_not_keep_a_service_from_stopping(serve):
    service, _ = serve(limits=Limits(drain_seconds=1, body_seconds=60))
    ready = threading.Event()
    server, listener = Server(service, ready.set), bind("127.0.0.1", 0)
    thread = threading.Thread(target=server.answer, args=[listener])
    thread.start()
    assert ready.wait(10)
    with socket.create_connection(listener.getsockname()) as client:
        client.sendall(b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n")
        client.sendall(b"Content-Length: 1000\r\n\r\nhalf of it")
        time.sleep(0.2)
        began = time.monotonic()
        server.stop()
        thread.join(20)
        assert 0.9 < time.monotonic() - began < 5  # it had its second
        assert not thread.is_alive()


@pytest.mark.slow
def test_a_notebook_whose_own_loop_runs_can_serve(run, tmp_path):
    """The call blocks the cell, in which a loop is running, until it is interrupted."""
    said = []

    def interrupt(serving):
        said.append(httpx.get(f"{serving.address}/readyz", verify=False).status_code)
        os.kill(os.getpid(), signal.SIGINT)

    async def cell():
        begin = {"port": 0, "database": f"sqlite:///{tmp_path / 'audit.sqlite'}"}
        cn.serve_runs(run, on_ready=lambda serving: threading.Timer(0.1, interrupt, [serving]).start(), **begin)
        said.append("stopped")

    asyncio.run(cell())
    assert said == [200, "stopped"]


def test_answers_are_sent_without_waiting_for_acknowledgements():
    """Asyncio sets TCP_NODELAY only on sockets that name TCP; without it each answer would take 40 ms more."""
    with bind("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--host", "0.0.0.0"], "--host 0.0.0.0: other computers could ask, so give --token-file FILE"),
        (["--port", "65536"], "--port 65536: give 0 to 65535"),
        (["--port", "-1"], "--port -1: give 0 or more"),
        (["--threads", "0"], "--threads 0: give 1 or more"),
        (["--most-waiting", "0"], "--most-waiting 0: give 1 or more images"),
        (["--keep-dicom"], "--keep-dicom: say where images are kept, with --keep-images FOLDER"),
        (["--host", "nowhere.invalid", "--token-file", "t"], "--host nowhere.invalid and --port 8765 cannot be used"),
    ],
)
def test_what_cannot_be_served_is_one_line(chestnut, run, words, said):
    status, _, error = chestnut("serve", run, *words)
    assert status == 2
    assert error.startswith(f"error: {said}")
    assert error.count("\n") == 1


def test_a_taken_port_two_runs_of_one_name_and_a_folder_without_a_run(chestnut, run, tmp_path):
    with bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        status, _, error = chestnut("serve", run, "--port", port)
        assert (status, error.count("\n")) == (2, 1)
        assert f"--port {port} cannot be used: address already in use" in error
    database = ["--database", f"sqlite:///{tmp_path}/a.sqlite", "--port", 0]
    assert chestnut("serve", run, run, *database)[2].startswith("error: two networks are named bright")
    assert "has no bundle" in chestnut("serve", tmp_path, *database)[2]
    with pytest.raises(EngineError, match="no runs to serve"):
        cn.serve_runs([], port=0)
