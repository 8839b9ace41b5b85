"""A listener and its peers over the network: what it takes and refuses, and what comes back."""

import logging
import random
import shutil
import socket
import struct
import subprocess
import time
from contextlib import suppress

import pydicom
import pytest
from pynetdicom import AE, evt
from pynetdicom.sop_class import StorageCommitmentPushModel

from chestnut.errors import ListenError
from chestnut.serve.dicom import listener as listener_module
from chestnut.serve.dicom import network
from chestnut.serve.dicom.offers import IMAGES, OPTIONAL, REPORTS, SYNTAXES, find_syntaxes
from chestnut.serve.dicom.peers import Caller, Peer
from chestnut.serve.dicom.results.identity import is_own
from chestnut.serve.dicom.spool import Limits
from chestnut.serve.dicom.targets import Application, Folder
from chestnut.serve.dicom.tls import Certificates
from chestnut.serve.store.row import Query
from dicom_objects import BIRTH, CAPTURE, CR, CT, DX, EXPLICIT, NAME, PATIENT, RAW, encoded, grey, radiograph
from dicom_peers import listening, run_program
from processes import wait_until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def listener(tmp_path_factory):
    with listening(tmp_path_factory.mktemp("listener")) as running:
        yield running


def negotiate(listener, kind, syntax):
    """The result of the negotiation of one context: 0 accepted, 3 class refused, 4 syntaxes refused."""
    sender = AE("CR1")
    sender.add_requested_context(kind, syntax)
    association = sender.associate("127.0.0.1", listener.port, ae_title="CHESTNUT")
    try:
        return next(one.result for one in (*association.accepted_contexts, *association.rejected_contexts))
    finally:
        association.release() if association.is_established else association.abort()


@pytest.mark.parametrize("syntax", SYNTAXES, ids=SYNTAXES.values())
def test_each_transfer_syntax_is_accepted_and_the_image_scored(listener, syntax):
    before = len(listener.store.find(Query()))
    content = encoded(radiograph(number=list(SYNTAXES).index(syntax) + 100), syntax)
    assert [answer.Status for answer in listener.send(content, syntax=syntax)] == [0]
    wait_until(lambda: len(listener.store.find(Query())) > before, 60)
    (row, *_) = listener.store.find(Query())
    plain = grey().astype(float).mean()
    assert row.probabilities["PNEUMONIA"] == pytest.approx(1 / (1 + 2.718281828 ** ((100 - plain) / 20)), abs=0.03)
    assert (row.source, row.client, row.kept) == ("dicom", "CR1", None)


@pytest.mark.parametrize("syntax", OPTIONAL)
def test_transfer_syntaxes_are_refused_unless_they_can_be_decoded(listener, syntax):
    result = 0 if syntax in find_syntaxes() else 4
    assert [negotiate(listener, kind, syntax) for kind in IMAGES] == [result] * len(IMAGES)


def test_storage_commitment_and_other_classes_are_refused(listener):
    assert negotiate(listener, StorageCommitmentPushModel, EXPLICIT) == 3
    assert negotiate(listener, CT, EXPLICIT) == 3


def test_an_object_that_is_no_chest_is_refused_with_a_reason_and_nothing_is_kept(listener):
    hand = radiograph(number=7, BodyPartExamined="HAND")
    (answer,) = listener.send(encoded(hand))
    assert (answer.Status, answer.ErrorComment) == (0xC001, "not a chest by BodyPartExamined")
    foreign = radiograph(number=8, SOPClassUID=REPORTS, Modality="SR")
    assert [one.Status for one in listener.send(encoded(foreign))] == [0x0122]
    listener.idle()
    assert not any((listener.spool / "failed").iterdir())


def test_raw_images_are_taken_with_a_warning(listener, caplog):
    raw = radiograph(number=60, SOPClassUID=RAW, Modality="DX")
    assert [answer.Status for answer in listener.send(encoded(raw))] == [0]
    assert "CR1 sends raw images, FOR PROCESSING" in caplog.text


def test_more_associations_than_are_served_are_asked_to_come_later(tmp_path, monkeypatch):
    monkeypatch.setattr(listener_module, "MOST_ASSOCIATIONS", 1)
    with listening(tmp_path) as running:
        sender = AE("CR1")
        sender.add_requested_context(CR, EXPLICIT)
        first, second = (sender.associate("127.0.0.1", running.port, ae_title="CHESTNUT") for _ in range(2))
        assert first.is_established and second.is_rejected
        assert second.acceptor.primitive.result_str == "Rejected Transient"
        first.release()


def test_results_that_come_back_are_dropped(tmp_path):
    with listening(tmp_path) as running:
        running.send(encoded(radiograph()))
        results = running.results(2)
        assert all(is_own(one.SOPInstanceUID) for one in results)
        files = [(tmp_path / "out" / f"{one.SOPInstanceUID}.dcm").read_bytes() for one in results]
        assert [answer.Status for answer in running.send(files)] == [0, 0]
        renamed = next(one for one in results if one.SOPClassUID == CAPTURE)
        renamed.SOPInstanceUID, renamed.BodyPartExamined = "1.2.3.4", "CHEST"
        assert [answer.Status for answer in running.send(encoded(renamed))] == [0]
        running.idle()
        assert len(running.store.find(Query())) == 1


def test_a_duplicate_is_scored_once_and_another_content_of_its_uid_too(tmp_path, caplog):
    caplog.set_level(logging.INFO, "chestnut")
    one, changed = encoded(radiograph()), encoded(radiograph(grey() + 9))
    with listening(tmp_path) as running:
        assert [answer.Status for answer in running.send([one, one, changed, one])] == [0] * 4
        assert len({result.SOPInstanceUID for result in running.results(4)}) == 4
        running.idle()
        assert len(running.store.find(Query())) == 2
    assert caplog.text.count("another content under a known UID") == 1
    assert caplog.text.count("knew an object already") == 2


def test_no_log_and_no_row_names_the_patient(tmp_path, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    odd = encoded(radiograph(number=2)).replace(b"20260301", b"2026March")[:-1]
    with listening(tmp_path, limits=Limits(objects=3)) as running:
        running.send(encoded(radiograph()))
        running.send(encoded(radiograph(number=3, ViewPosition="LL")))
        running.send(encoded(radiograph(number=4, PixelData=b"")))
        running.send(encoded(radiograph(number=5, PatientAge="081Y")).replace(b"081Y", b"Quim"))
        with socket.create_connection(("127.0.0.1", running.port)) as raw:
            raw.sendall(odd)
        running.results(4)
        running.idle()
        assert len(list((running.spool / "failed").iterdir())) == 1
        uids = [radiograph().SOPInstanceUID, radiograph().StudyInstanceUID]
    said = caplog.text + "".join(capfd.readouterr())
    database = b"".join(file.read_bytes() for file in tmp_path.glob("audit.sqlite*"))
    for secret in (NAME, "Quimby", PATIENT, BIRTH, *uids):
        assert secret not in said and secret.encode() not in database
    assert "cannot be scored" in said


def test_a_full_spool_answers_that_it_is_out_of_resources(tmp_path):
    with listening(tmp_path, limits=Limits(free=2**62)) as running:
        (answer,) = running.send(encoded(radiograph()))
        assert answer.Status == 0xA700 and not list((tmp_path / "spool" / "incoming").iterdir())


def test_only_those_allowed_and_only_by_the_right_name(tmp_path):
    callers = [Caller("CR1", "127.0.0.1"), Caller("CR2", "10.0.0.9")]
    with listening(tmp_path, callers=callers) as running:
        content = encoded(radiograph())
        assert running.send(content, title="CR1") is not None
        assert [running.send(content, title=title) for title in ("CR2", "CR3")] == [None, None]
        assert running.send(content, title="CR1", called="OTHER") is None
        wait_until(lambda: not running.service._listener._server.active_associations)


def read_all(connection, seconds):
    connection.settimeout(seconds)
    try:
        while connection.recv(4096):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        pass
    return True


def test_silent_and_slow_peers_are_cut_off_and_keep_nobody_waiting(tmp_path):
    with listening(tmp_path, silence=0.5) as running:
        peers = [socket.create_connection(("127.0.0.1", running.port)) for _ in range(3)]
        peers[1].sendall(b"\x01\x00\x00")
        peers[2].sendall(b"\x01\x00\x00\x00\x04\x00" + b"x" * 10)
        assert running.send(encoded(radiograph())) is not None
        until = time.monotonic() + 5
        assert all(read_all(peer, max(0.1, until - time.monotonic())) for peer in peers)
        for peer in peers:
            peer.close()


def test_a_message_without_end_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(network, "MOST_OBJECT_BYTES", 300_000)
    monkeypatch.setattr(network, "MOST_PDU_BYTES", 200_000)
    with listening(tmp_path) as running:
        with socket.create_connection(("127.0.0.1", running.port)) as raw:
            raw.sendall(struct.pack(">BBL", 1, 0, 2**32 - 1) + b"x" * 1000)
            assert read_all(raw, 5)
        large = encoded(radiograph(grey(1000, 1000)))
        answer = running.send([large])
        assert answer is None or "Status" not in answer[0]
        assert [one.Status for one in running.send([encoded(radiograph(number=2))])] == [0]


def test_all_connections_together_send_no_more_than_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(network, "MOST_BYTES", 1_500_000)
    with listening(tmp_path) as running:
        sender = AE("CR1")
        sender.add_requested_context(CR, EXPLICIT)
        begun = [sender.associate("127.0.0.1", running.port, ae_title="CHESTNUT") for _ in range(2)]
        large = pydicom.dcmread(pydicom.filebase.DicomBytesIO(encoded(radiograph(grey(1000, 1000)))))
        assert begun[0].send_c_store(large).Status == 0
        running.service._listener._server.active_associations[0].dul.socket.received = 1_000_000
        with begun[1].dul.socket.socket:
            assert "Status" not in begun[1].send_c_store(large)
        begun[0].release()
        assert [answer.Status for answer in running.send(encoded(large))] == [0]


def test_messages_that_were_tampered_with_end_their_own_connection_alone(tmp_path, caplog, capfd):
    messages, chance = [], random.Random(13)
    with listening(tmp_path, silence=1) as running:
        sender = AE("CR1")
        sender.add_requested_context(CR, EXPLICIT)
        note = [(evt.EVT_DATA_SENT, lambda event: messages.append(bytes(event.data)))]
        association = sender.associate("127.0.0.1", running.port, ae_title="CHESTNUT", evt_handlers=note)
        association.send_c_store(pydicom.dcmread(pydicom.filebase.DicomBytesIO(encoded(radiograph()))))
        association.release()
        request, command, data, _ = messages
        for _ in range(15):
            changed = [bytearray(request), bytearray(command), bytearray(data)]
            for part in chance.sample(changed, 1):
                for _ in range(4):
                    part[chance.randrange(6, min(len(part), 200))] = chance.randrange(256)
            with suppress(OSError), socket.create_connection(("127.0.0.1", running.port)) as raw:
                raw.settimeout(0.05)
                for part in changed:
                    raw.sendall(part)
                    with suppress(TimeoutError):
                        raw.recv(4096)
        (answer,) = running.send(encoded(radiograph(number=2)))
        assert answer.Status == 0
        running.idle()
    assert "Traceback" not in caplog.text + "".join(capfd.readouterr())


def test_connections_beyond_the_limit_are_closed(tmp_path, monkeypatch):
    monkeypatch.setattr(network, "MOST_CONNECTIONS", 2)
    with listening(tmp_path) as running:
        held = [socket.create_connection(("127.0.0.1", running.port)) for _ in range(2)]
        wait_until(lambda: len(running.service._listener._server.active_associations) == 2)
        with socket.create_connection(("127.0.0.1", running.port)) as third:
            assert read_all(third, 5)
        for one in held:
            one.close()
        wait_until(lambda: not running.service._listener._server.active_associations)
        assert running.send(encoded(radiograph())) is not None


class Archive:
    """An archive in this process that refuses some classes of objects for a while, and keeps the others."""

    def __init__(self, tls=None, kinds=(REPORTS, CAPTURE)):
        self.kept, self.refusals = {}, 0
        server = AE("PACS")
        for kind in kinds:
            server.add_supported_context(kind, [EXPLICIT])
        self._server = server.start_server(
            ("127.0.0.1", 0), block=False, ssl_context=tls, evt_handlers=[(evt.EVT_C_STORE, self.take)]
        )
        self.peer = Peer("PACS", "127.0.0.1", self._server.server_address[1])

    def take(self, event):
        if self.refusals:
            self.refusals -= 1
            return 0xA700
        self.kept.setdefault(event.request.AffectedSOPInstanceUID, set()).add(event.encoded_dataset(include_meta=False))
        return 0

    def close(self):
        self._server.shutdown()


def test_results_are_forwarded_again_until_they_are_taken_and_are_the_same_bytes(tmp_path):
    archive = Archive()
    archive.refusals = 1
    try:
        with listening(tmp_path, targets=[Application(archive.peer, "CHESTNUT")]) as running:
            running.send(encoded(radiograph()))
            running.idle()
        assert len(archive.kept) == 2 and all(is_own(uid) and len(files) == 1 for uid, files in archive.kept.items())
    finally:
        archive.close()


def test_an_archive_that_takes_no_reports_gets_the_picture(tmp_path):
    archive = Archive(kinds=[CAPTURE])
    try:
        with listening(tmp_path, targets=[Application(archive.peer, "CHESTNUT")]) as running:
            running.send(encoded(radiograph()))
            running.idle()
            assert not any((running.spool / "failed").iterdir())
        assert len(archive.kept) == 1
    finally:
        archive.close()


def test_echo_and_an_image_by_dcmtk(listener):
    file = listener.folder / "image.dcm"
    file.write_bytes(encoded(radiograph(number=50, SOPClassUID=DX, Modality="DX")))
    run_program("echoscu", "-aec", "CHESTNUT", "127.0.0.1", listener.port)
    run_program("storescu", "-aec", "CHESTNUT", "127.0.0.1", listener.port, file)
    status, said = run_program("storescu", "-aec", "OTHER", "127.0.0.1", listener.port, file, check=False)
    assert status != 0 and "Called AE Title Not Recognized" in said


def test_dcmtk_and_dicom3tools_read_both_results(tmp_path):
    with listening(tmp_path) as running:
        running.send(encoded(radiograph()))
        for made in running.results(2):
            file = tmp_path / "out" / f"{made.SOPInstanceUID}.dcm"
            run_program("dcmdump", file)
            assert "Error" not in run_program("dciodvfy", file, check=False)[1]
            if made.SOPClassUID == REPORTS:
                assert 'CODE:(,,"Presence")' in run_program("dsrdump", file)[1]


def certificate(folder, name, signer=None):
    """Write a key, and a certificate for this computer by an authority, or by itself."""
    key, made, request = (folder / f"{name}.{ending}" for ending in ("key", "pem", "csr"))
    common = ("-newkey", "rsa:2048", "-nodes", "-keyout", key, "-subj", f"/CN={name}")
    if signer is None:
        run_program("openssl", "req", "-x509", *common, "-out", made, "-days", 2)
        return made, key
    names = folder / "names"
    names.write_text("subjectAltName=IP:127.0.0.1")
    run_program("openssl", "req", *common, "-out", request)
    how = ("-CA", signer[0], "-CAkey", signer[1], "-CAcreateserial", "-days", 2, "-extfile", names)
    run_program("openssl", "x509", "-req", "-in", request, "-out", made, *how)
    return made, key


def test_images_come_and_results_go_over_tls_with_certificates_of_the_authority_alone(tmp_path):
    authority = certificate(tmp_path, "authority")
    files = {name: certificate(tmp_path, name, authority) for name in ("server", "device")}
    stranger = certificate(tmp_path, "stranger")
    mine = Certificates(*files["server"], authority[0])
    image = tmp_path / "image.dcm"
    image.write_bytes(encoded(radiograph()))
    archive = Archive(mine.for_server())
    try:
        target = Application(archive.peer, "CHESTNUT", mine.for_client())
        with listening(tmp_path, targets=[target], tls=mine.for_server(), silence=2) as running:
            with socket.create_connection(("127.0.0.1", running.port)):  # its silence keeps nobody waiting
                send = ("-aec", "CHESTNUT", "127.0.0.1", running.port, image)
                for certificates, taken in ((files["device"], True), (stranger, False)):
                    words = ("+tls", certificates[1], certificates[0], "+cf", authority[0])
                    status, said = run_program("storescu", *words, *send, check=False)
                    assert (status == 0) is taken, said
            assert run_program("storescu", "-ta", 2, "-to", 2, *send, check=False)[0] != 0
            running.idle()
            assert len(running.store.find(Query())) == 1
        assert len(archive.kept) == 2
    finally:
        archive.close()


def test_certificates_that_cannot_be_used_are_one_line(tmp_path):
    (tmp_path / "none.pem").write_text("no certificate")
    with pytest.raises(ListenError, match="PEM files that belong together"):
        Certificates(tmp_path / "none.pem", tmp_path / "none.pem").for_server()
    with pytest.raises(ListenError, match="no such file"):
        Certificates(tmp_path / "gone.pem", tmp_path / "gone.key").for_server()
    made, key = certificate(tmp_path, "server")
    with pytest.raises(ListenError, match=r"none.pem: cannot be used \(no certificate or crl found\)"):
        Certificates(made, key, tmp_path / "none.pem").for_client()


def test_storescp_receives_what_a_folder_does(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program, received = shutil.which("storescp"), tmp_path / "received"
    if program is None:
        pytest.skip("needs storescp; tools/install_peers.sh installs it")
    received.mkdir()
    targets = [Folder(tmp_path / "out"), Application(Peer("STORESCP", "127.0.0.1", port), "CHESTNUT")]
    with subprocess.Popen([program, "-od", received, "-aet", "STORESCP", str(port)]) as archive:
        try:
            with listening(tmp_path, targets=targets) as running:
                running.send(encoded(radiograph()))
                mine = {made.SOPInstanceUID: made for made in running.results(2)}
                running.idle()
        finally:
            archive.terminate()
    theirs = [pydicom.dcmread(file) for file in received.iterdir()]
    assert {made.SOPInstanceUID for made in theirs} == set(mine)
    assert all(made == mine[made.SOPInstanceUID] for made in theirs)


def test_pydicom_reads_what_a_folder_receives(listener):
    listener.idle()
    for made in listener.results(2):
        assert pydicom.dcmread(listener.folder / "out" / f"{made.SOPInstanceUID}.dcm").SOPInstanceUID
