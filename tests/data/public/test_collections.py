import hashlib
import http.server
import io
import threading
import zipfile
from dataclasses import replace

import pytest

from chestnut.data.public import download as downloading
from chestnut.data.public.collections import COLLECTIONS, collection_named, fetch
from chestnut.data.public.unpack import unpack
from chestnut.errors import DiskError, DownloadError


def zipped(**files):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/"), content)
    return held.getvalue()


CONTENT = zipped(set__train__A__1_png=bytes(range(256)) * 2000, set__test__B__2_png=b"2" * 1000, set__DS_Store=b"")


class Server(http.server.ThreadingHTTPServer):
    """A web server with one file.

    `plan` says what to do with one request after another: give the file "whole", as the "range" that was asked for,
    "cut" (either, but half of it), or answer with a number. The last word holds for all further requests.
    """

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.plan, self.asked = CONTENT, ["range"], []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.asked.append((self.path, self.headers.get("Range")))
        plan = server.plan.pop(0) if len(server.plan) > 1 else server.plan[0]
        if isinstance(plan, int):
            self.send_error(plan)
            return
        start = 0
        if "Range" in self.headers and not plan.startswith("whole"):
            start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        body = server.content[start:]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(server.content) - 1}/{len(server.content)}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if plan.endswith("cut") else body)

    def log_message(self, *words):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(downloading, "PAUSE", 0.0)
    with Server() as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.fixture
def collection():
    digest = hashlib.sha256(CONTENT).hexdigest()
    return replace(
        COLLECTIONS["kaggle-pneumonia"], file="set.zip", folder="set", bytes=len(CONTENT), checksum=("sha256", digest)
    )


def test_facts_about_the_collections():
    for name, held in COLLECTIONS.items():
        assert collection_named(name) is held
        assert held.url.startswith("https://")
        assert len(held.checksum[1]) == hashlib.new(held.checksum[0]).digest_size * 2
        assert held.licence == "CC BY 4.0"
    with pytest.raises(DownloadError, match="did you mean pneumoniamnist or kaggle-pneumonia"):
        collection_named("pneumonia")


def test_an_archive_is_fetched_checked_and_unpacked(server, collection, tmp_path):
    told = []
    made = fetch(collection, tmp_path / "out", base_url=server.url, progress=lambda *step: told.append(step))
    assert made == tmp_path / "out" / "set"
    assert (made / "train" / "A" / "1_png").stat().st_size == 512_000
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["set"]
    assert server.asked == [("/set.zip", None)]
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert fetch(collection, tmp_path / "out", base_url=server.url) == made
    assert len(server.asked) == 1


def test_a_file_that_is_not_an_archive_is_fetched_unchanged(server, collection, tmp_path, monkeypatch):
    monkeypatch.setenv("CHESTNUT_FETCH_URL", server.url)
    plain = replace(collection, folder="")
    for _ in range(2):
        assert fetch(plain, tmp_path).read_bytes() == CONTENT
    assert len(server.asked) == 1


def test_a_connection_that_breaks_is_resumed(server, collection, tmp_path):
    server.plan = ["range cut", "range cut", "range"]
    fetch(collection, tmp_path, base_url=server.url)
    half = len(CONTENT) // 2
    assert [ranged for _, ranged in server.asked] == [
        None,
        f"bytes={half}-",
        f"bytes={half + (len(CONTENT) - half) // 2}-",
    ]


def test_a_download_continues_where_an_earlier_one_stopped(server, collection, tmp_path):
    (tmp_path / "set.zip.part").write_bytes(CONTENT[:100])
    assert (fetch(collection, tmp_path, base_url=server.url) / "test").is_dir()
    assert server.asked == [("/set.zip", "bytes=100-")]


def test_a_server_without_ranges_sends_the_whole_file(server, collection, tmp_path):
    server.plan = ["whole cut", "whole"]
    assert fetch(collection, tmp_path, base_url=server.url).is_dir()
    assert len(server.asked) == 2


def test_a_part_that_is_too_long_is_downloaded_again(server, collection, tmp_path):
    (tmp_path / "set.zip.part").write_bytes(CONTENT + b"more")
    assert fetch(collection, tmp_path, base_url=server.url).is_dir()


@pytest.mark.parametrize(
    ("plan", "said", "requests"),
    [
        ([404], "the server answered 404", 1),
        ([403], "the server answered 403", 1),
        ([503], "the server answered 503", 4),
        ([503, "range"], None, 2),
        ([416, "range"], None, 2),
        (["whole cut"], "the connection ended early", 5),
    ],
)
def test_servers_that_refuse(server, collection, tmp_path, plan, said, requests):
    server.plan = plan
    if said is None:
        assert fetch(collection, tmp_path, base_url=server.url).is_dir()
    else:
        with pytest.raises(DownloadError, match=said) as raised:
            fetch(collection, tmp_path, base_url=server.url)
        assert f"download set.zip from {collection.homepage}, put it into {tmp_path} and run the same" in str(
            raised.value
        )
        assert not (tmp_path / "set.zip").exists()
        assert not (tmp_path / "set").exists()
    assert len(server.asked) == requests


def test_no_connection(collection, tmp_path, monkeypatch):
    monkeypatch.setattr(downloading, "PAUSE", 0.0)
    with pytest.raises(DownloadError, match=r"cannot fetch set.zip from http://127.0.0.1:9/set.zip: no connection"):
        fetch(collection, tmp_path, base_url="http://127.0.0.1:9")


def test_an_unexpected_file_is_refused(server, collection, tmp_path):
    server.content = CONTENT[:-1] + b"?"
    with pytest.raises(DownloadError, match=r"is not the published set.zip: sha256"):
        fetch(collection, tmp_path, base_url=server.url)
    assert list(tmp_path.iterdir()) == []
    server.content = b"<html>please log in</html>"
    with pytest.raises(DownloadError, match="the server offers 26 bytes instead of"):
        fetch(collection, tmp_path, base_url=server.url)


def test_a_file_downloaded_by_hand_is_used(collection, tmp_path):
    (tmp_path / "set.zip").write_bytes(CONTENT)
    assert fetch(collection, tmp_path, base_url="http://127.0.0.1:9").is_dir()
    assert (tmp_path / "set.zip").exists()


def test_a_wrong_file_downloaded_by_hand_is_refused(collection, tmp_path):
    (tmp_path / "set.zip").write_bytes(b"PK")
    with pytest.raises(
        DownloadError, match=r"is not the published set.zip: sha256 .*, 2 bytes.*; remove .*set.zip and run"
    ):
        fetch(collection, tmp_path)
    assert (tmp_path / "set.zip").exists()


@pytest.mark.parametrize("url", ["file:///etc", "ftp://example.org", "example.org"])
def test_addresses_that_are_not_http_are_refused(collection, tmp_path, url):
    with pytest.raises(DownloadError, match="give an address that begins with https:// or http://"):
        fetch(collection, tmp_path, base_url=url)


def test_too_little_space(collection, tmp_path):
    with pytest.raises(DiskError, match=r"GB free, but kaggle-pneumonia needs .* GB; free some space"):
        fetch(replace(collection, bytes=10**18), tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(DiskError, match="a file stands where a folder would have to"):
        fetch(collection, tmp_path / "file" / "below")


@pytest.mark.parametrize(
    "name", ["../out.png", "/etc/out.png", "a/../../out.png", "c:/out.png", "a\\..\\out.png", "li\nne.png"]
)
def test_entries_outside_the_folder_are_refused(tmp_path, name):
    (tmp_path / "bad.zip").write_bytes(zipped(**{name: b"x"}))
    (tmp_path / "in").mkdir()
    with pytest.raises(DownloadError, match="which is a link or has a path outside the folder"):
        unpack(tmp_path / "bad.zip", tmp_path / "in", 10**6)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["bad.zip", "in"]


def test_links_bombs_and_damage_are_refused(tmp_path):
    link = zipfile.ZipInfo("set/link")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    (tmp_path / "whole.zip").write_bytes(CONTENT)
    damaged = bytearray(zipped(a=bytes(range(256)) * 20))
    damaged[60] ^= 255
    (tmp_path / "damaged.zip").write_bytes(damaged)
    (tmp_path / "none.zip").write_bytes(b"<html>")
    (tmp_path / "clash.zip").write_bytes(zipped(**{"a": b"x", "a/b": b"x"}))
    secret = bytearray(zipped(a=b"x"))
    secret[secret.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "secret.zip").write_bytes(secret)
    with zipfile.ZipFile(tmp_path / "lzma.zip", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a", bytes(1000))
    broken = bytearray((tmp_path / "lzma.zip").read_bytes())
    broken[35:40] = b"\xff" * 5
    (tmp_path / "lzma.zip").write_bytes(broken)
    for name, most, said in (
        ("link", 10**6, "which is a link"),
        ("whole", 1000, "would unpack to 3 files of 513,000 bytes; allowed are .* files of 1,000 bytes"),
        ("damaged", 10**6, "is damaged"),
        ("none", 10**6, "is damaged"),
        ("clash", 10**6, "is damaged"),
        ("secret", 10**6, "is damaged .*encrypted"),
        ("lzma", 10**6, "is damaged"),
    ):
        (tmp_path / name).mkdir()
        with pytest.raises(DownloadError, match=said):
            unpack(tmp_path / f"{name}.zip", tmp_path / name, most)


def test_an_archive_without_its_folder_leaves_nothing(server, collection, tmp_path):
    with pytest.raises(DownloadError, match="has no folder other"):
        fetch(replace(collection, folder="other"), tmp_path, base_url=server.url)
    assert [path.name for path in tmp_path.iterdir()] == ["set.zip"]
