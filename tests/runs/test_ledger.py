"""The ledger of looks at a test split."""

import threading

import pytest

from chestnut.errors import DataError
from chestnut.files.json_files import read_json
from chestnut.runs.ledger import Ledger, Look


def test_looks_are_counted_in_order(tmp_path):
    ledger = Ledger(tmp_path / "ledger.json")
    assert ledger.looks == []
    looks = [Look("2026-01-02", f"look {number}", "abc", 10, "data") for number in (1, 2)]
    assert [ledger.enter(look) for look in looks] == [1, 2]
    assert ledger.looks == looks
    assert read_json(ledger.path)[0] == {
        "when": "2026-01-02", "command": "look 1", "weights": "abc", "images": 10, "data": "data"
    }  # fmt: skip


def test_looks_at_the_same_time_are_all_counted(tmp_path):
    ledger = Ledger(tmp_path / "ledger.json")
    look = Look("2026-01-02", "look", "abc", 10, "data")
    threads = [threading.Thread(target=lambda: [ledger.enter(look) for _ in range(5)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ledger.looks) == 20


def test_a_ledger_of_another_version_is_read_and_kept(tmp_path):
    ledger = Ledger(tmp_path / "ledger.json")
    ledger.path.write_text('[{"when": "w", "command": "c", "weights": "x", "images": 3, "later": true}]')
    assert ledger.looks == [Look("w", "c", "x", 3)]
    ledger.enter(Look("w", "d", "x", 3, "data"))
    assert read_json(ledger.path)[0]["later"] is True


@pytest.mark.parametrize(
    ("text", "message"), [("{}", "does not contain a list"), ("[1]", "is damaged"), ('[{"when": "w"}]', "is damaged")]
)
def test_a_damaged_ledger_is_one_clear_error(tmp_path, text, message):
    (tmp_path / "ledger.json").write_text(text)
    with pytest.raises(DataError, match=rf"ledger\.json {message}.*; restore it from a copy"):
        assert Ledger(tmp_path / "ledger.json").looks
