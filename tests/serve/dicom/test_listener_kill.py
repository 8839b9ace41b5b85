"""`kill -9` while images come, again and again: nothing that was acknowledged is lost, and no result changes."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pydicom
import pytest
from pynetdicom import AE

from dicom_objects import CR, EXPLICIT, encoded, grey, radiograph
from processes import wait_until

pytestmark = pytest.mark.slow

TESTS = Path(__file__).parents[2]
ROUNDS = 3


def send_until_cut(port, numbers, acknowledged):
    """Send images, each with a UID of its own, until the connection is cut; note those that were acknowledged."""
    sender = AE("CR1")
    sender.dimse_timeout = sender.network_timeout = 5
    sender.add_requested_context(CR, EXPLICIT)
    association = sender.associate("127.0.0.1", port, ae_title="CHESTNUT")
    connection = association.dul.socket.socket  # pynetdicom leaves it open where the other side has cut it
    while association.is_established:
        number = next(numbers)
        file = pydicom.dcmread(pydicom.filebase.DicomBytesIO(encoded(radiograph(grey() + number % 50, number))))
        try:
            answer = association.send_c_store(file)
        except (RuntimeError, ValueError):
            break
        if answer.get("Status") == 0:
            acknowledged.append(file.SOPInstanceUID)
        time.sleep(0.01)
    association.abort()
    if connection is not None:
        connection.close()


def snapshot(out, seen):
    """Note the bytes of results, and check that those noted before have not changed."""
    for file in out.glob("2*.dcm"):
        content = file.read_bytes()
        assert seen.setdefault(file.name, content) == content


def sources(results):
    """The UIDs of the images that have each kind of result."""
    found = {"SR": [], "OT": []}
    for content in results.values():
        made = pydicom.dcmread(pydicom.filebase.DicomBytesIO(content))
        if made.Modality == "SR":
            (study,) = made.CurrentRequestedProcedureEvidenceSequence
            found["SR"].append(study.ReferencedSeriesSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID)
        else:
            found["OT"].append(made.SourceImageSequence[0].ReferencedSOPInstanceUID)
    return found


def test_nothing_that_was_acknowledged_is_lost_and_no_result_changes(tmp_path):
    chance = random.Random(13)
    numbers, acknowledged, seen = iter(range(1, 100_000)), [], {}
    program = [sys.executable, TESTS / "listening_child.py", tmp_path]
    paths = {"PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])}
    with subprocess.Popen(
        program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | paths
    ) as child:
        try:
            for _ in range(ROUNDS):
                print("go", file=child.stdin, flush=True)
                listener, port = map(int, child.stdout.readline().split())
                sending = threading.Thread(target=send_until_cut, args=(port, numbers, acknowledged))
                sending.start()
                wanted = len(acknowledged) + chance.randint(3, 9)
                wait_until(lambda wanted=wanted: len(acknowledged) >= wanted, 60)
                time.sleep(chance.uniform(0, 0.1))
                os.kill(listener, signal.SIGKILL)
                sending.join()
                snapshot(tmp_path / "out", seen)
            print("go", file=child.stdin, flush=True)
            listener, port = map(int, child.stdout.readline().split())
            spool = tmp_path / "spool"
            wait_until(lambda: not any(any((spool / name).glob("[0-9]*")) for name in ("incoming", "outgoing")), 120)
            snapshot(tmp_path / "out", seen)
            os.kill(listener, signal.SIGKILL)
        finally:
            child.stdin.close()
    assert len(acknowledged) >= 3 * ROUNDS and not any((spool / "failed").iterdir())
    for kind in sources(seen).values():
        assert len(kind) == len(set(kind)) and set(acknowledged) <= set(kind)
