"""The ledger of looks at a test split."""

import threading

import pytest

from chestnut.errors import DataError
from chestnut.files.json_files import read_json, write_json
from chestnut.runs.checked_files import CheckedFiles
from chestnut.runs.ledger import Ledger, Look


@pytest.fixture
def ledger(tmp_path):
    write_json(tmp_path / "environment.json", {"format": 1, "status": "finished"})
    return Ledger(CheckedFiles(tmp_path))


def test_looks_are_counted_in_order(ledger):
    assert ledger.looks == []
    looks = [Look("2026-01-02", f"look {number}", "abc", 10, "data") for number in (1, 2)]
    assert [ledger.enter(look) for look in looks] == [1, 2]
    assert ledger.looks == looks
    assert read_json(ledger.path)[0] == {
        "when": "2026-01-02", "command": "look 1", "weights": "abc", "images": 10, "data": "data"
    }  # fmt: skip


def test_looks_at_the_same_time_are_all_counted(ledger):
    look = Look("2026-01-02", "look", "abc", 10, "data")
    threads = [threading.Thread(target=lambda: [ledger.enter(look) for _ in range(5)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ledger.looks) == 20


def test_a_ledger_of_another_version_is_read_and_kept(ledger):
    ledger.path.write_text('[{"when": "w", "command": "c", "weights": "x", "images": 3, "later": true}]')
    assert ledger.looks == [Look("w", "c", "x", 3)]
    ledger.enter(Look("w", "d", "x", 3, "data"))
    assert read_json(ledger.path)[0]["later"] is True


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "is damaged: input should be a valid array"),
        ("[1]", "is damaged: 0"),
        ('[{"when": "w"}]', r"is damaged: 0\.command: field required"),
    ],
)
def test_a_damaged_ledger_is_one_clear_error(ledger, text, message):
    ledger.path.write_text(text)
    with pytest.raises(DataError, match=rf"ledger\.json {message}.*; restore it from a copy"):
        assert ledger.looks
