"""A bundle is replaced without ever being lost."""

import pytest

from chestnut.config import InputSpec
from chestnut.errors import BundleError
from chestnut.inference import bundle
from chestnut.inference.bundle import Bundle, change_bundle, write_bundle
from chestnut.lungfield.network import MODEL
from killing import Killed, kill_at_rename

FACTS = {
    "recipe": "tiny", "classes": ("NORMAL", "PNEUMONIA"), "positive": "PNEUMONIA", "spec": InputSpec(),
    "temperature": 1.0, "threshold": 0.5, "synthetic": False,
}  # fmt: skip


class Network:
    """Stands for a Keras network, which is only saved here."""

    def __init__(self, text):
        self.text = text
        self.weights = []

    def save(self, path):
        path.write_text(self.text)


def test_a_bundle_is_read_as_it_was_written(tmp_path):
    written = write_bundle(tmp_path / "bundle", Network("one"), **FACTS)
    assert Bundle.read(tmp_path / "bundle") == written
    assert change_bundle(tmp_path / "bundle", threshold=0.25) == Bundle.read(tmp_path / "bundle")
    assert Bundle.read(tmp_path / "bundle").threshold == 0.25
    (tmp_path / "bundle" / "model.keras").write_text("changed")
    with pytest.raises(BundleError, match="was changed after training"):
        Bundle.read(tmp_path / "bundle")


def test_a_bundle_names_the_network_that_finds_the_lungs(tmp_path):
    framed = FACTS | {"spec": InputSpec(frame="lungs")}
    with pytest.raises(BundleError, match="lungs names no network, and the input needs one that finds the lungs"):
        write_bundle(tmp_path / "bundle", Network("one"), **framed)
    write_bundle(tmp_path / "bundle", Network("one"), **framed, lungs=MODEL)
    assert Bundle.read(tmp_path / "bundle").lungs == MODEL
    write_bundle(tmp_path / "other", Network("one"), **framed, lungs="lungs-0")
    with pytest.raises(BundleError, match=f"the network lungs-0 found, and this chestnut has {MODEL}, .*train again"):
        Bundle.read(tmp_path / "other")


@pytest.mark.parametrize(("kill", "left"), [(0, "old"), (1, "old"), (2, "new")])
def test_a_kill_while_it_is_replaced_loses_neither_bundle(tmp_path, monkeypatch, kill, left):
    folder = tmp_path / "bundle"
    write_bundle(folder, Network("old"), **FACTS)
    with pytest.raises(Killed), kill_at_rename(kill, monkeypatch):
        write_bundle(folder, Network("new"), **FACTS)
    assert Bundle.read(folder).model_file.read_text() == left
    write_bundle(folder, Network("last"), **FACTS)
    assert Bundle.read(folder).model_file.read_text() == "last"


@pytest.mark.parametrize("moment", ["read_json", "sha256"])
def test_a_bundle_that_is_replaced_while_it_is_read_is_read_whole(tmp_path, monkeypatch, moment):
    """Another process puts a new bundle in its place once its first file has been read."""
    folder, read, replaced = tmp_path / "bundle", getattr(bundle, moment), []
    write_bundle(folder, Network("old"), **FACTS)

    def read_and_replace(path, **options):
        value = read(path, **options)
        if not replaced:
            replaced.append(path)
            write_bundle(folder, Network("new"), **FACTS | {"threshold": 0.25})
        return value

    with monkeypatch.context() as patched:
        patched.setattr(bundle, moment, read_and_replace)
        found = Bundle.read(folder)
    assert replaced and found == Bundle.read(folder) and found.threshold == 0.25


def test_a_part_changes_with_the_bundle_and_its_network_stays(tmp_path):
    folder = tmp_path / "bundle"
    write_bundle(folder, Network("one"), **FACTS)
    assert Bundle.read(folder).read_part("guard.npz") is None
    change_bundle(folder, parts={"guard.npz": b"first"}, temperature=2.0)
    found = change_bundle(folder, parts={"conformal.npz": b"other"})
    assert found == Bundle.read(folder) and found.temperature == 2.0 and found.model_file.read_text() == "one"
    assert (found.read_part("guard.npz"), found.read_part("conformal.npz")) == (b"first", b"other")
    change_bundle(folder, parts={"guard.npz": None})
    assert sorted(path.name for path in folder.iterdir()) == ["bundle.json", "conformal.npz", "model.keras"]
    (folder / "conformal.npz").write_bytes(b"changed")
    with pytest.raises(BundleError, match=r"conformal\.npz was changed: its hash differs from bundle\.json"):
        Bundle.read(folder).read_part("conformal.npz")


@pytest.mark.parametrize(("kill", "left"), [(0, b"old"), (1, b"old"), (2, b"new")])
def test_a_kill_while_a_part_changes_leaves_the_old_bundle_or_the_new_one(tmp_path, monkeypatch, kill, left):
    folder = tmp_path / "bundle"
    write_bundle(folder, Network("one"), **FACTS)
    change_bundle(folder, parts={"guard.npz": b"old"})
    with pytest.raises(Killed), kill_at_rename(kill, monkeypatch):
        change_bundle(folder, parts={"guard.npz": b"new"})
    assert Bundle.read(folder).read_part("guard.npz") == left
