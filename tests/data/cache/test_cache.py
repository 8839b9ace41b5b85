import errno
import hashlib
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from chestnut.config import InputSpec
from chestnut.data.cache import cache, digests, network_outputs, store
from chestnut.data.cache.cache import decode_all
from chestnut.data.decoding import frame
from chestnut.data.decoding.decode import decode
from chestnut.data.manifest import Manifest
from chestnut.errors import DataError, DiskError

SPEC = InputSpec(height=24, width=32)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty cache for one test."""
    monkeypatch.setenv("CHESTNUT_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("CHESTNUT_CACHE_LIMIT", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def decoded(monkeypatch):
    """The references that were decoded, in order."""
    names = []
    render = cache.render
    monkeypatch.setattr(cache, "render", lambda raw, spec: names.append(raw.reference) or render(raw, spec))
    return names


@pytest.fixture
def fetched(monkeypatch):
    """The references that were read."""
    names = []
    fetched = cache.fetched
    monkeypatch.setattr(cache, "fetched", lambda reference: names.append(reference) or fetched(reference))
    return names


def settle(path):
    """Set a file's modification time to a moment in the past."""
    past = time.time_ns() - 60_000_000_000
    os.utime(path, ns=(past, past))


def draw(folder, count, start=0):
    """Write different PNG files, 40 wide and 30 high."""
    folder.mkdir(exist_ok=True)
    paths = []
    for number in range(start, start + count):
        rng = np.random.default_rng(number)
        path = folder / f"{number:03}.png"
        Image.fromarray(rng.integers(0, 255, (30, 40)).astype(np.uint8)).save(path)
        settle(path)
        paths.append(str(path))
    return paths


@pytest.fixture
def images(tmp_path):
    return draw(tmp_path / "images", 20)


def listing(paths):
    return Manifest.build([{"path": path, "label": "A", "patient": path} for path in paths], Path("x"))


def declared(shape, body=b"", kind="|u1"):
    """An array whose header declares any shape."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": kind, "fortran_order": False, "shape": shape})
    return file.getvalue() + body


def zipped():
    file = io.BytesIO()
    np.savez(file, a=np.zeros(3))
    return file.getvalue()


def test_pixels_and_digests_are_those_of_single_decoding(images):
    calls = []
    found = decode_all(listing(images), SPEC, progress=lambda done, total: calls.append((done, total)))
    single = np.stack([decode(path, SPEC) for path in images])
    assert np.array_equal(np.asarray(found.pixels), single)
    assert found.bad == ()
    assert found.manifest.paths == images
    assert list(found.manifest.frame["sha256"]) == [hashlib.sha256(image.tobytes()).hexdigest() for image in single]
    assert calls[-1] == (20, 20)
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)


def test_pixels_read_like_an_array(images):
    pixels = decode_all(listing(images), SPEC).pixels
    array = np.asarray(pixels)
    assert (len(pixels), pixels.shape, pixels.dtype, pixels.nbytes) == (20, (20, 24, 32), np.uint8, array.nbytes)
    mask = np.arange(20) % 3 == 0
    for rows in (3, np.int64(3), slice(2, 9, 2), [5, 1, 1], np.array([19, 0]), mask, [], slice(0, 0)):
        assert np.array_equal(pixels[rows], array[rows if len(np.shape(rows)) == 0 or np.size(rows) else slice(0, 0)])
        assert type(pixels[rows]) is np.ndarray
    view = pixels.take([4, 2]).take([1])
    assert np.array_equal(np.asarray(view), array[[2]])
    with pytest.raises(ValueError, match="read-only"):
        pixels.stored[0] = 0
    with pytest.raises(IndexError):
        pixels[20]
    with pytest.raises(ValueError, match="copy=False is not possible"):
        np.asarray(pixels, copy=False)


def test_nothing_is_read_or_decoded_twice(images, decoded, fetched):
    first = decode_all(listing(images), SPEC)
    again = decode_all(listing(images[::-1][:7]), SPEC)
    assert len(decoded) == len(fetched) == 20
    assert np.array_equal(np.asarray(again.pixels), np.asarray(first.pixels)[::-1][:7])
    assert list(again.manifest.frame["sha256"]) == list(first.manifest.frame["sha256"])[::-1][:7]
    assert len(cache.entries()) == 1


FRAMED = InputSpec(height=24, width=32, frame="lungs")


@pytest.fixture
def half_found(monkeypatch):
    """Find lungs in the middle of bright images and none in dark ones; gives the images of the call."""
    middle = np.array([(0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8)], np.float32)
    monkeypatch.setattr(
        frame,
        "find_lungs",
        lambda grey: SimpleNamespace(shares=(0.2, 0.2, 0.8, 0.8), hull=middle, found=bool(grey.mean() > 127)),
    )


def test_whether_lungs_were_found_stays_with_the_images(images, decoded, half_found):
    expected = [np.asarray(Image.open(path)).mean() > 127 for path in images]
    assert 0 < sum(expected) < 20
    first = decode_all(listing(images[:15]), FRAMED)
    assert np.array_equal(first.lungs_found, expected[:15])
    assert decode_all(listing(images[:15]), SPEC).lungs_found is None
    assert len(decoded) == 30
    more = decode_all(listing(images[::-1]), FRAMED)  # 15 of them are copied from the first entry
    assert len(decoded) == 35
    assert np.array_equal(more.lungs_found, expected[::-1])
    assert np.array_equal(decode_all(listing(images[3:9]), FRAMED).lungs_found, expected[3:9])
    assert len(decoded) == 35
    assert len(more.lost_lungs.names) == 20 - sum(expected)


def test_each_frame_has_a_rule_of_its_own(monkeypatch):
    specs = [
        SPEC.model_copy(update=update)
        for update in (
            {"frame": "lungs"},
            {"frame": "lungs", "margin": 0.1},
            {"frame": "lungs", "margin": 1e-7},
            {"frame": "lungs", "outside": "blank"},
            {"outside": "blank"},
            {"inside": "blank"},
            {"inside": "blank", "intensity": "clahe"},
            {},
        )
    ]
    names = [store.rule_folder(spec).name for spec in specs]
    assert len(set(names)) == len(names)
    assert all(store._RULE_NAME.fullmatch(name) for name in names)
    assert store.rule_folder(SPEC.model_copy(update={"margin": 0.1})).name == names[-1]  # of no account here
    monkeypatch.setattr(store, "MODEL", "another")
    changed = [store.rule_folder(spec).name for spec in specs]
    assert [one == other for one, other in zip(names, changed, strict=True)] == [False] * 7 + [True]


def test_entries_that_do_not_say_whether_lungs_were_found_are_made_again(images, decoded, half_found):
    plain = decode_all(listing(images), SPEC)
    entry = next(iter(cache.entries()))
    rule = store.rule_folder(FRAMED)
    rule.mkdir()
    entry.folder.rename(rule / entry.folder.name)
    assert np.array_equal(decode_all(listing(images), FRAMED).lungs_found, plain.pixels[:].mean((1, 2)) > 127)
    assert len(decoded) == 40


def test_another_rule_decodes_again(images, decoded):
    for spec in (SPEC, InputSpec(height=24, width=32, channels=3)):
        decode_all(listing(images), spec)
    assert len(decoded) == 20
    decode_all(listing(images), InputSpec(height=24, width=32, resize="fit"))
    decode_all(listing(images), InputSpec(height=32, width=24))
    assert len(decoded) == 60
    assert len(cache.entries()) == 3


def test_added_images_are_the_only_ones_decoded(images, decoded, tmp_path):
    first = decode_all(listing(images), SPEC)
    more = draw(tmp_path / "images", 5, start=100)
    everything = decode_all(listing(more[:2] + images + more[2:]), SPEC)
    assert sorted(decoded[20:]) == more
    assert np.array_equal(np.asarray(everything.pixels)[2:22], np.asarray(first.pixels))  # also after its removal
    assert [entry.images for entry in cache.entries()] == [25]


def test_subsets_of_several_entries_are_joined(images, decoded):
    decode_all(listing(images[:8]), SPEC)
    decode_all(listing(images[12:]), SPEC)
    assert sorted(entry.images for entry in cache.entries()) == [8, 8]
    joined = decode_all(listing(images[4:8] + images[12:14]), SPEC)
    assert len(decoded) == 16
    assert np.array_equal(joined.pixels[5], decode(images[13], SPEC))
    assert sorted(entry.images for entry in cache.entries()) == [6, 8, 8]


def test_renamed_and_copied_images_share_a_row(images, decoded, tmp_path):
    decode_all(listing(images), SPEC)
    moved = tmp_path / "moved.png"
    Path(images[0]).rename(moved)
    copy = tmp_path / "copy.png"
    copy.write_bytes(Path(images[1]).read_bytes())
    found = decode_all(listing([str(moved), str(copy), *images[1:]]), SPEC)
    assert len(decoded) == 20
    assert np.array_equal(found.pixels[1], found.pixels[2])
    assert found.pixels.stored.shape[0] == 20


def test_a_changed_file_is_seen(images):
    before = decode_all(listing(images), SPEC).pixels[0]
    Image.fromarray(np.full((30, 40), 77, dtype=np.uint8)).save(images[0])
    assert (decode_all(listing(images), SPEC).pixels[0] == 77).all()
    assert not (before == 77).all()


def test_a_file_changed_just_now_is_read_again(images, fetched):
    os.utime(images[0])
    for _ in range(2):
        decode_all(listing(images), SPEC)
    assert fetched.count(images[0]) == 2
    assert fetched.count(images[1]) == 1


def test_rows_of_archives(tmp_path, fetched):
    path = tmp_path / "set.npz"
    values = np.random.default_rng(0).integers(0, 255, (30, 24, 32)).astype(np.uint8)
    np.savez_compressed(path, train_images=values)
    settle(path)
    references = [f"{path}#train/{row}" for row in range(30)]
    for _ in range(2):
        found = decode_all(listing(references), SPEC)
        assert np.array_equal(np.asarray(found.pixels), values)
    assert len(fetched) == 30


@pytest.fixture
def mixed(images, tmp_path):
    """Return a manifest of good images with three bad ones."""
    text = tmp_path / "text.jpg"
    text.write_text("hello")
    empty = tmp_path / "empty.png"
    empty.touch()
    return [str(text), *images[:10], str(empty), *images[10:], str(tmp_path / "none.png")]


def test_bad_images_stop_in_one_line(mixed, decoded):
    with pytest.raises(DataError) as caught:
        decode_all(listing(mixed), SPEC)
    message = str(caught.value)
    assert message.startswith("3 of 23 images cannot be read (")
    assert "it contains text" in message
    assert "is empty (0 bytes)" in message
    assert message.endswith("leave them out with skip_bad=True")
    assert "\n" not in message
    good = [path for path in decoded if path.endswith(".png")]
    decode_all(listing(mixed), SPEC, skip_bad=True)
    assert [path for path in decoded if path.endswith(".png")] == good  # the good ones had been kept


def test_bad_images_are_left_out_on_request(mixed, images):
    for _ in range(2):
        found = decode_all(listing(mixed), SPEC, skip_bad=True)
        assert found.manifest.paths == images
        assert [error.path for error in found.bad] == [mixed[0], mixed[11], mixed[22]]
        assert np.array_equal(np.asarray(found.pixels), np.stack([decode(path, SPEC) for path in images]))


def test_no_good_image_at_all(mixed, folder):
    for skip_bad in (False, True):
        with pytest.raises(DataError, match="none of 1 images can be read"):
            decode_all(listing(mixed[:1]), SPEC, skip_bad=skip_bad)
    with pytest.raises(DataError, match="no images to decode"):
        decode_all(listing(mixed).take([]), SPEC)
    assert cache.entries() == []


def test_a_deleted_image_is_reported_although_it_is_cached(images):
    decode_all(listing(images), SPEC)
    Path(images[3]).unlink()
    with pytest.raises(DataError, match=r"1 of 20 images cannot be read .*no such file"):
        decode_all(listing(images), SPEC)


BUILD = """
import os
import sys
from pathlib import Path
import numpy as np
from chestnut.config import InputSpec
from chestnut.data.cache.cache import decode_all
from chestnut.data.manifest import Manifest
paths = sorted(str(path) for path in Path(sys.argv[1]).iterdir())
print("ready", flush=True)
sys.stdin.readline()
def kill(done, total):
    if sys.argv[2:] and done > 100:
        os.kill(os.getpid(), 9)
manifest = Manifest.build([{"path": path, "label": "A", "patient": path} for path in paths], Path("x"))
found = decode_all(manifest, InputSpec(height=24, width=32), progress=kill)
print(np.asarray(found.pixels).sum(dtype=np.int64))
"""


def started(folder, *arguments):
    command = [sys.executable, "-c", BUILD, str(folder), *arguments]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    return process


def test_two_processes_build_at_once(tmp_path, folder):
    paths = draw(tmp_path / "many", 150)
    processes = [started(tmp_path / "many") for _ in range(2)]
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    sums = {int(process.communicate(timeout=60)[0]) for process in processes}
    assert [process.returncode for process in processes] == [0, 0]
    assert sums == {sum(int(decode(path, SPEC).sum()) for path in paths)}
    (entry,) = cache.entries()
    assert entry.images == 150
    assert sorted(item.name for item in entry.folder.parent.iterdir()) == [entry.folder.name]


def test_a_killed_build_leaves_only_a_temporary_folder_that_is_cleaned(tmp_path, folder, monkeypatch):
    paths = draw(tmp_path / "many", 150)
    process = started(tmp_path / "many", "kill")
    process.communicate("go\n", timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert cache.entries() == []
    (rule,) = (item for item in folder.iterdir() if item.is_dir())
    (temporary,) = rule.iterdir()
    decode_all(listing(paths), SPEC)  # the next build removes it, since nobody has locked it
    assert not temporary.exists()
    assert len(cache.entries()) == 1


def test_what_is_being_built_stays_when_the_cache_is_cleaned(images, folder):
    left = []

    def clean(done, total):
        if done < total:
            cache.clean()
            left.append([item.name for rule in folder.iterdir() if rule.is_dir() for item in rule.iterdir()])

    decode_all(listing(images), SPEC, progress=clean)
    assert all(len(names) == 1 for names in left) and left
    assert len(cache.entries()) == 1


def test_temporary_folders_of_earlier_versions_are_removed_once_they_are_old(images, folder):
    decode_all(listing(images), SPEC)
    rule = cache.entries()[0].folder.parent
    new, old = rule / f".making-{'0' * 16}", rule / f".making-{'1' * 16}"
    for path, age in ((new, 60), (old, 3600)):
        path.mkdir()
        os.utime(path, (time.time() - age,) * 2)
    cache.clean(1)
    assert (new.exists(), old.exists()) == (True, False)


def test_an_error_in_the_caller_leaves_nothing(images, folder):
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        decode_all(listing(images), SPEC, progress=stop)
    assert [item for rule in folder.iterdir() if rule.is_dir() for item in rule.iterdir()] == []


class FullFile:
    """A file on a disk that becomes full."""

    def __init__(self, file):
        self.file = file
        self.room = 3000

    def write(self, data):
        self.room -= len(bytes(data))
        if self.room < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self.file.write(data)

    def __getattr__(self, name):
        return getattr(self.file, name)


def test_a_full_disk(images, folder, monkeypatch):
    opened = Path.open

    def open_full(path, mode="r", **options):
        file = opened(path, mode, **options)
        return file if mode == "r" else FullFile(file)

    monkeypatch.setattr(Path, "open", open_full)
    with pytest.raises(DiskError, match="no space left on device; free some space or set CHESTNUT_CACHE"):
        decode_all(listing(images), SPEC)
    assert [item for rule in folder.iterdir() if rule.is_dir() for item in rule.iterdir()] == []


def test_too_little_space_is_refused_beforehand(images, monkeypatch):
    monkeypatch.setattr(store.shutil, "disk_usage", lambda _: store.shutil._ntuple_diskusage(10**9, 10**9, 1000))
    with pytest.raises(DiskError, match=r"need 0.0 MB .* where 0.0 MB are free; free some space or set CHESTNUT_CACHE"):
        decode_all(listing(images), SPEC)


def test_a_folder_that_cannot_be_created_is_refused(images, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("CHESTNUT_CACHE", str(tmp_path / "file"))
    with pytest.raises(DiskError, match="cannot write decoded images to"):
        decode_all(listing(images), SPEC)


HOSTILE = {
    "rows that are not there": declared((10**12, 24, 32)),
    "rows of nothing": declared((10**18, 0, 0)),
    "no rows": declared((0, 24, 32)),
    "more than can be counted": declared((2**62, 2**62, 2**62)),
    "less than nothing": declared((-1, 24, 32), bytes(24 * 32)),
    "a number": declared((), b"1"),
    "objects": declared((20,), bytes(160), "|O"),
    "text": b"nothing of the kind",
    "an archive": zipped(),
    "an odd header": b"\x93NUMPY\x01\x00\x10\x00{'descr': ((((((\n",
    "a deep header": b"\x93NUMPY\x01\x00\x28\x23" + b"(" * 9_000,
}


@pytest.mark.parametrize("name", ["pixels.npy", "rows.npy"])
@pytest.mark.parametrize("damage", HOSTILE)
def test_an_entry_that_declares_nonsense_is_rebuilt(images, name, damage):
    whole = np.asarray(decode_all(listing(images), SPEC).pixels)
    (entry,) = cache.entries()
    (entry.folder / name).write_bytes(HOSTILE[damage])
    assert len(cache.entries()) == 1
    assert np.array_equal(np.asarray(decode_all(listing(images), SPEC).pixels), whole)


@pytest.mark.parametrize("damage", HOSTILE)
def test_network_outputs_that_declare_nonsense_are_computed_again(folder, damage):
    outputs = np.arange(20, dtype=np.float32).reshape(10, 2)
    for _ in range(2):
        found = network_outputs.load_or_compute("0" * 32, (10, 2), lambda: [outputs])
        assert np.array_equal(found, outputs)
        (folder / "features-v1" / ("0" * 32) / "features.npy").write_bytes(HOSTILE[damage])


@pytest.mark.parametrize("name", ["pixels.npy", "rows.npy"])
@pytest.mark.parametrize("damage", ["zeroed", "cut", "gone"])
def test_a_damaged_entry_is_rebuilt(images, name, damage):
    whole = np.asarray(decode_all(listing(images), SPEC).pixels)
    (entry,) = cache.entries()
    path = entry.folder / name
    data = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(data[: len(data) // 2] + (bytes(len(data) // 2) if damage == "zeroed" else b""))
    assert np.array_equal(np.asarray(decode_all(listing(images), SPEC).pixels), whole)


def test_a_damaged_file_of_digests_is_rebuilt(images, folder, fetched):
    decode_all(listing(images), SPEC)
    (folder / digests.FILE_NAME).write_bytes(b"not a data base" * 1000)
    for _ in range(3):
        decode_all(listing(images), SPEC)
    assert len(fetched) == 40


def test_the_least_recently_used_entry_is_removed_first(images, monkeypatch):
    sets = [images[start : start + 5] for start in (0, 5, 10)]
    for age, paths in zip((300, 200, 100), sets, strict=True):
        decode_all(listing(paths), SPEC)
        newest = cache.entries()[0]
        os.utime(newest.folder / "rows.npy", (time.time() - age,) * 2)
    assert [entry.images for entry in cache.entries()] == [5, 5, 5]
    decode_all(listing(sets[0]), SPEC)  # now the second is the oldest
    oldest = cache.entries()[-1]
    size = oldest.bytes
    monkeypatch.setenv("CHESTNUT_CACHE_LIMIT", str(int(3.5 * size)))
    decode_all(listing(images[:5]), InputSpec(height=32, width=24))
    left = cache.entries()
    assert oldest.folder not in [entry.folder for entry in left]
    assert len(left) == 3
    assert sum(entry.bytes for entry in left) <= 3.5 * size


def test_entries_in_use_are_kept_beyond_the_limit(images, monkeypatch, caplog):
    monkeypatch.setenv("CHESTNUT_CACHE_LIMIT", "1kB")
    assert len(decode_all(listing(images), SPEC).pixels) == 20
    assert "CHESTNUT_CACHE_LIMIT" in caplog.text
    assert [entry.images for entry in cache.entries()] == [20]


def test_clean(images, folder):
    decode_all(listing(images), SPEC)
    decode_all(listing(images), InputSpec(height=32, width=24))
    old = cache.entries()[-1]
    os.utime(old.folder / "rows.npy", (time.time() - 10 * 86400,) * 2)
    (folder / "not ours").mkdir()
    assert cache.clean(older_than_days=5) == old.bytes
    assert len(cache.entries()) == 1
    assert cache.clean() > 0
    assert cache.entries() == []
    assert [item.name for item in folder.iterdir()] == ["not ours"]
    assert cache.clean() == 0


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        (None, 20 * 10**9),
        ("", 20 * 10**9),
        ("1.5GB", 1_500_000_000),
        ("200 mb", 200_000_000),
        ("7", 7),
        ("2tb", 2 * 10**12),
    ],
)
def test_limits(text, limit, monkeypatch):
    if text is not None:
        monkeypatch.setenv("CHESTNUT_CACHE_LIMIT", text)
    assert cache.cache_limit() == limit


@pytest.mark.parametrize("text", ["plenty", "-1GB", "nan", "9" * 400 + "GB", "9" * 5_000])
def test_a_wrong_limit_is_told_however_warm_the_cache(images, text, monkeypatch):
    decode_all(listing(images), SPEC)
    monkeypatch.setenv("CHESTNUT_CACHE_LIMIT", text)
    with pytest.raises(DataError, match=r"CHESTNUT_CACHE_LIMIT is .*; give a size such as 20GB") as caught:
        decode_all(listing(images), SPEC)
    assert len(str(caught.value)) < 500
    with pytest.raises(DataError, match="CHESTNUT_CACHE_LIMIT"):
        network_outputs.load_or_compute("0" * 32, (1, 2), lambda: [np.zeros((1, 2))])


def test_a_limit_that_is_not_a_size_is_refused(monkeypatch):
    monkeypatch.setenv("CHESTNUT_CACHE_LIMIT", "plenty")
    with pytest.raises(DataError, match="CHESTNUT_CACHE_LIMIT is 'plenty'; give a size such as 20GB"):
        cache.cache_limit()


def test_folders(tmp_path, monkeypatch):
    assert cache.cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("CHESTNUT_CACHE")
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/caches")
    assert cache.cache_folder() == Path("/var/caches/chestnut")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache.cache_folder() == Path("/home/me/.cache/chestnut")


@pytest.mark.parametrize(("platform", "earlier"), [("darwin", "Library/Caches/chestnut"), ("win32", "chestnut/cache")])
def test_a_cache_at_the_place_of_earlier_versions_is_found(platform, earlier, tmp_path, monkeypatch):
    monkeypatch.delenv("CHESTNUT_CACHE")
    monkeypatch.setattr(store.sys, "platform", platform)
    monkeypatch.setattr(store.platformdirs, "user_cache_path", lambda name, appauthor: tmp_path / "new" / name)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    assert cache.cache_folder() == tmp_path / "new" / "chestnut"
    (tmp_path / earlier).mkdir(parents=True)
    assert cache.cache_folder() == tmp_path / earlier
    (tmp_path / "new" / "chestnut").mkdir(parents=True)
    assert cache.cache_folder() == tmp_path / "new" / "chestnut"


def test_threads_give_the_same_as_one(images):
    one = np.asarray(decode_all(listing(images), SPEC, workers=1).pixels)
    cache.clean()
    assert np.array_equal(np.asarray(decode_all(listing(images), SPEC, workers=5).pixels), one)
