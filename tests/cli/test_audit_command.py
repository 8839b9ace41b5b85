import json
import shutil

import numpy as np
import pytest

from chestnut.auditing.audit import Audit
from chestnut.data.phantom.dataset import write


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    folder = tmp_path_factory.mktemp("audited") / "sound"
    write(folder, 30, seed=1, size=64)
    return folder


@pytest.fixture(scope="module")
def faulty(sound):
    """A truncated file, and one image under both labels."""
    folder = shutil.copytree(sound, sound.parent / "faulty")
    first, second = sorted((folder / "NORMAL").glob("*.jpeg"))[:2]
    shutil.copyfile(first, folder / "PNEUMONIA" / "copy.jpeg")
    second.write_bytes(second.read_bytes()[:400])
    return folder


def test_faults_are_told_worst_first_with_files_and_remedies(chestnut, faulty):
    status, out, said = chestnut("audit", faulty, "--size", 64)
    assert status == 0
    heading, *_ = out.splitlines()
    assert heading.startswith(f"{faulty}: ") and heading.endswith("audited at 64×64")
    assert "ERROR    1 file cannot be read" in out
    assert "ERROR    2 images are in the data with two labels" in out
    assert "\n         PNEUMONIA/copy.jpeg" in out
    assert "→ Find out which label is right" in " ".join(out.split())
    assert out.index("ERROR") < out.index("INFO") < out.index("OK  ")
    assert "no image belongs to two patients" not in out.partition("OK  ")[0]
    assert "note: " in said
    assert "\x1b" not in out + said


def test_strict_ends_with_1_on_an_error_alone(chestnut, sound, faulty):
    assert chestnut("audit", faulty, "--size", 64, "--strict")[0] == 1
    assert chestnut("audit", sound, "--size", 64, "--strict")[0] == 0


def test_the_page_and_the_json_go_into_a_folder(chestnut, faulty):
    status, out, _ = chestnut("audit", faulty, "--size", 64, "--out", "audited", "--json", "-")
    assert status == 0
    values = json.loads(out)
    assert json.loads((chestnut.folder / "audited" / "audit.json").read_text()) == values
    assert "with two labels" in (chestnut.folder / "audited" / "audit.html").read_text()
    audit = Audit.from_dict(values)
    assert audit.worst == "error"
    assert audit.findings[0].files[0].endswith(".jpeg")
    assert audit.data["size"] == [64, 64]
    figures = [one.figures for one in audit.findings if one.name.startswith("probe-")]
    assert len(figures) == 6
    assert np.isfinite([one["auroc"] for one in figures if "reason" not in one]).all()
    assert {"subject": "dimensions", "reason": "All pictures are 64×64 pixels"} in figures


@pytest.mark.parametrize("words", [("nowhere",), (".",)])
def test_what_is_no_data_set_is_refused(chestnut, words):
    status, out, said = chestnut("audit", *words)
    assert (status, out) == (2, "")
    assert said.startswith("error: ")
    assert said.count("\n") == 1


@pytest.mark.slow
def test_a_training_has_the_findings_of_an_audit_whatever_its_input(chestnut, workspace):
    trained = json.loads((workspace.run / "audit.json").read_text())
    assert trained["data"]["size"] == [224, 224] and "height = 32" in (workspace.run / "recipe.toml").read_text()
    _, out, _ = chestnut("audit", workspace.run / "manifest.csv", "--json", "-")
    audited = json.loads(out)
    assert audited["findings"] == trained["findings"] and audited["passed"] == trained["passed"]
    _, out, _ = chestnut("audit", workspace.images, "--json", "-")
    assert probes(json.loads(out)) == probes(trained) != {}


def probes(audit):
    """The figures of the shortcut probes, which depend on no split."""
    return {one["name"]: one["figures"] for one in audit["findings"] if one["name"].startswith("probe-")}
