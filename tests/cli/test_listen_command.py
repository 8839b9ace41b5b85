"""`chestnut listen`: what it refuses before it listens, and that SIGTERM ends it in order."""

import json
import socket
import subprocess
import sys

import pytest

from chestnut.errors import MissingExtraError
from chestnut.serve.dicom import extra
from onnx_bundle import write_onnx_bundle
from processes import wait_until


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return write_onnx_bundle(tmp_path / "runs" / "bright")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "give --forward AE@HOST:PORT or --to FOLDER"),
        (["--forward", "PACS"], "--forward 'PACS': give AE@HOST:PORT"),
        (["--to", "out", "--ae-title", "a\\b"], "give a title of 1 to 16 ASCII characters"),
        (["--to", "out", "--allow", "CR1@"], "--allow 'CR1@': give AE or AE@HOST"),
        (["--to", "out", "--tls-cert", "x.pem"], "tls_key belong together"),
        (["--to", "out", "--tls-ca", "x.pem"], "give --tls-cert PEM and --tls-key PEM"),
        (["--to", "out", "--port", 70000], "--port 70000: give 0 to 65535"),
        (["--to", "out", "--keep-days", 0], "--keep-days 0: give 1 or more days"),
        (["--to", "runs/bright/x"], "it is inside the run"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(chestnut, run, words, said):
    (run / "environment.json").write_text("{}")
    (run / "recipe.toml").write_text("")
    status, _, err = chestnut("listen", run, *words)
    assert status == 2 and said in " ".join(err.split()), err


@pytest.mark.slow
def test_certificates_that_cannot_be_used_and_a_port_in_use_are_one_line(chestnut, run):
    status, _, err = chestnut("listen", run, "--to", "out", "--tls-cert", "x.pem", "--tls-key", "x.key")
    assert status == 2 and "--tls-cert x.pem: it and the key x.key cannot be used" in " ".join(err.split())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, _, err = chestnut("listen", run, "--to", "out", "--host", "127.0.0.1", "--port", port)
    assert status == 2 and f"--port {port}: 127.0.0.1 port {port} cannot be used" in " ".join(err.split())


def test_a_missing_extra_is_named(monkeypatch):
    monkeypatch.setattr(extra.importlib.util, "find_spec", lambda name: None if name == "highdicom" else name)
    with pytest.raises(MissingExtraError, match=r"needs highdicom; install with pip install 'chestnut\[dicom\]'"):
        extra.require_extra()


@pytest.mark.slow
def test_it_says_where_it_listens_and_sigterm_ends_it(run, tmp_path):
    words = [
        "listen",
        run,
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--to",
        tmp_path / "out",
        "--json",
        tmp_path / "x.json",
    ]
    program = [sys.executable, "-c", "from chestnut.cli import main; main()", *map(str, words)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as listener:
        try:
            wait_until((tmp_path / "x.json").is_file, 60)
            told = json.loads((tmp_path / "x.json").read_text())
            with socket.create_connection(("127.0.0.1", told["port"])):
                pass
        finally:
            listener.terminate()
            said, _ = listener.communicate(timeout=30)
    assert (told["ae_title"], told["model"], told["targets"]) == ("CHESTNUT", "bright", [str(tmp_path / "out")])
    assert listener.returncode == 0 and said.strip().endswith("stopped")
    assert f"listens at 127.0.0.1 port {told['port']}" in said
