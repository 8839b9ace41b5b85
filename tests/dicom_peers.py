"""A listener in this process, and the other sides of its connections: DCMTK's programs, and pynetdicom."""

import logging
import shutil
import subprocess
from contextlib import contextmanager

import pydicom
import pytest
from pynetdicom import AE

from chestnut.serve.dicom.listener import Address
from chestnut.serve.dicom.service import Plan, Service
from chestnut.serve.dicom.spool import Limits
from chestnut.serve.dicom.targets import Folder
from chestnut.serve.scoring.scorer import Scorer
from chestnut.serve.store.pseudonyms import Pseudonyms
from chestnut.serve.store.store import Store
from dicom_objects import EXPLICIT
from onnx_bundle import write_onnx_bundle
from processes import wait_until


def run_program(name, *words, check=True):
    """Run a program of DCMTK or dicom3tools; returns its exit status and all that it said."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"needs {name}; tools/install_peers.sh installs it")
    done = subprocess.run([path, *map(str, words)], capture_output=True, text=True, timeout=60, check=False)
    said = done.stdout + done.stderr
    assert not check or done.returncode == 0, said
    return done.returncode, said


class Running:
    """A listener that runs, with its places."""

    def __init__(self, folder, service, store, spool):
        self.folder, self.service, self.store, self.spool = folder, service, store, spool
        self.port = service.port

    def results(self, count):
        """The results in the folder, once there are so many."""
        out = self.folder / "out"
        wait_until(lambda: len(list(out.glob("2*.dcm"))) >= count, 60)
        return [pydicom.dcmread(file) for file in sorted(out.glob("2*.dcm"))]

    def idle(self):
        """Wait until the spool has nothing left to do."""
        wait_until(lambda: not any(any((self.spool / name).glob("[0-9]*")) for name in ("incoming", "outgoing")), 60)

    def send(self, content, *, title="CR1", called="CHESTNUT", syntax=EXPLICIT):
        """Send files over one association; returns the answers, or None if the association is rejected."""
        files = [content] if isinstance(content, bytes) else content
        made = [pydicom.dcmread(pydicom.filebase.DicomBytesIO(file)) for file in files]
        sender = AE(title)
        for kind in {one.SOPClassUID for one in made}:
            sender.add_requested_context(kind, syntax)
        association = sender.associate("127.0.0.1", self.port, ae_title=called)
        if not association.is_established:
            return None
        with association.dul.socket.socket:  # pynetdicom leaves one open that the other side has cut
            try:
                return [association.send_c_store(one) for one in made]
            finally:
                association.release()


@contextmanager
def listening(folder, *, targets=None, limits=None, size=32, **address):
    """Run a listener on a free port of this computer, with results in `folder/out` unless other places are given."""
    bundle = folder / "runs" / "bright"
    if not bundle.exists():
        write_onnx_bundle(bundle, size=size)
    scorer = Scorer.open(bundle, threads=1)
    store = Store.open(f"sqlite:///{folder / 'audit.sqlite'}")
    loggers = [logging.getLogger(name) for name in ("pynetdicom", "pydicom", "highdicom")]
    before = [(one.handlers, one.propagate) for one in loggers]
    plan = Plan(
        scorer,
        Address(**{"host": "127.0.0.1", "port": 0} | address),
        [Folder(folder / "out")] if targets is None else targets,
        folder / "spool",
        store,
        Pseudonyms(bytes(32)),
        limits=limits or Limits(),
    )
    try:
        with Service(plan) as service:
            yield Running(folder, service, store, folder / "spool")
    finally:
        store.close()
        for one, (handlers, propagate) in zip(loggers, before, strict=True):
            one.handlers, one.propagate = handlers, propagate
