"""`chestnut info --system`."""

import json
import sys
import types

import pytest

import chestnut as cn
from chestnut.api.system import Device, System
from chestnut.cli.tables.system_table import system_table

CARD = System(
    backend="jax",
    reason="it can use the NVIDIA GPU of this machine",
    devices=(Device("NVIDIA H100", 80_000_000_000), Device("NVIDIA H100", None)),
    precision="measured",
    cores=16,
    memory=None,
    cache="/cache",
    cached=0,
    compiled=3_000_000,
    system="Linux",
    python="3.12.1",
    versions={"jax": "0.8"},
    advice="",
)


def test_the_machine_is_described_as_table_and_json(chestnut):
    status, said, _ = chestnut("info", "--system", "--json", "system.json")
    assert status == 0
    found = json.loads((chestnut.folder / "system.json").read_text())
    again = json.loads(json.dumps(cn.describe_system().to_dict()))
    assert found | {"reason": ""} == again | {"reason": ""}  # Keras has been loaded since
    assert found["backend"] in said
    assert found["reason"] in said
    assert found["versions"]["keras"] in said
    assert len(found["devices"]) == 1


def test_each_device_has_a_row_with_its_memory_where_it_is_known():
    cells = [[str(cell) for cell in column.cells] for column in system_table(CARD).columns]
    rows = list(zip(*cells, strict=True))
    assert ("device", "NVIDIA H100, 80.0 GB of memory") in rows
    assert ("device", "NVIDIA H100") in rows
    assert ("precision", "float32 or bfloat16, whichever a trial finds faster") in rows
    assert ("processor", "16 cores") in rows
    assert ("compiled programs", "3.0 MB") in rows


@pytest.mark.parametrize("words", [(), ("images", "--system")])
def test_either_data_or_the_machine_is_described(chestnut, words):
    status, said, error = chestnut("info", *words)
    assert status == 2
    assert not said
    assert "give either DATA, RUN or --system" in error


def test_describing_data_loads_no_framework(chestnut, monkeypatch):
    cn.write_phantom(chestnut.folder / "images", 4, size=32)
    refused = types.ModuleType("chestnut.models.framework")  # without load_framework, its import fails
    monkeypatch.setitem(sys.modules, "chestnut.models.framework", refused)
    assert chestnut("info", "images")[0] == 0
