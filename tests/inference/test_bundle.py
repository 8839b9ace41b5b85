"""A bundle is replaced without ever being lost."""

import pytest

from chestnut.config import InputSpec
from chestnut.errors import BundleError
from chestnut.inference.bundle import Bundle, keep_threshold, write_bundle
from killing import Killed, kill_at_rename

FACTS = {
    "recipe": "tiny", "classes": ("NORMAL", "PNEUMONIA"), "positive": "PNEUMONIA", "spec": InputSpec(),
    "temperature": 1.0, "threshold": 0.5, "synthetic": False,
}  # fmt: skip


class Network:
    """Stands for a Keras network, which is only saved here."""

    def __init__(self, text):
        self.text = text

    def save(self, path):
        path.write_text(self.text)


def test_a_bundle_is_read_as_it_was_written(tmp_path):
    written = write_bundle(tmp_path / "bundle", Network("one"), **FACTS)
    assert Bundle.read(tmp_path / "bundle") == written
    assert keep_threshold(tmp_path / "bundle", 0.25) == Bundle.read(tmp_path / "bundle")
    assert Bundle.read(tmp_path / "bundle").threshold == 0.25
    (tmp_path / "bundle" / "model.keras").write_text("changed")
    with pytest.raises(BundleError, match="was changed after training"):
        Bundle.read(tmp_path / "bundle")


@pytest.mark.parametrize(("kill", "left"), [(0, "old"), (1, "old"), (2, "new")])
def test_a_kill_while_it_is_replaced_loses_neither_bundle(tmp_path, monkeypatch, kill, left):
    folder = tmp_path / "bundle"
    write_bundle(folder, Network("old"), **FACTS)
    with pytest.raises(Killed), kill_at_rename(kill, monkeypatch):
        write_bundle(folder, Network("new"), **FACTS)
    assert Bundle.read(folder).model_file.read_text() == left
    write_bundle(folder, Network("last"), **FACTS)
    assert Bundle.read(folder).model_file.read_text() == "last"
