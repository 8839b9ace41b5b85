"""`Flow`: the numbers of images and patients at every step add up, and what was left out is told with its reason."""

import json

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chestnut.config import InputSpec
from chestnut.data.left_out import LeftOut, merge
from chestnut.data.prepare import prepare
from chestnut.data.sources.load import load_dataset
from chestnut.data.split import split
from chestnut.runs.flow import read_flow
from chestnut.runs.folder import RunFolder


@pytest.fixture
def make(tmp_path):
    """Write the files of a run that a flow is read from."""

    def write(rows, facts=None, evaluations=None, **record):
        run = RunFolder(tmp_path)
        known = {"root": "/data", "classes": ["A", "B"], "positive": "B", "synthetic": False, "notes": []}
        counts = {"images": len(rows), "patients": 0}
        run.facts_file.write_text(json.dumps(known | counts | (facts or {})))
        run.environment_file.write_text(json.dumps({"format": 1, "status": "finished"} | record))
        frame = pd.DataFrame(rows, columns=["path", "label", "patient", "split", "copy_of"])
        frame.to_csv(run.manifest_file, index=False)
        return run

    return write


ROWS = [
    *[(f"a{n}.png", "A", f"p{n}", "train", "") for n in range(4)],
    *[(f"b{n}.png", "B", f"p{n // 2}", "train", "") for n in range(4)],
    ("c.png", "A", "p0", "train", "a0.png"),
    ("v.png", "B", "q", "val", ""),
    ("t1.png", "A", "r", "test", ""),
    ("t2.png", "B", "r", "test", ""),
]


def test_every_step_has_its_numbers(make):
    left_out = [LeftOut("have no label", 3, 2).to_dict(), LeftOut("cannot be read", 1).to_dict()]
    flow = read_flow(make(ROWS, {"left_out": left_out}))
    assert (flow.found.images, flow.found.patients) == (15, None)
    assert (flow.used.images, flow.used.patients, flow.used.classes) == (11, 6, (("A", 5), ("B", 6)))
    assert [one.reason for one in flow.used.left_out] == ["have no label", "cannot be read"]
    assert [(one.split.name, one.split.images, one.split.patients, one.copies) for one in flow.branches] == [
        ("Training", 8, 4, 1),
        ("Validation", 1, 1, 0),
        ("Test", 2, 1, 0),
    ]
    assert all(one.judged is None for one in flow.branches)
    assert flow.complete and flow.found.images - sum(one.images for one in flow.used.left_out) == flow.used.images


def test_an_earlier_run_says_that_it_does_not_know_all(make):
    flow = read_flow(make(ROWS, {"skipped": ["x.png: not a picture"]}))
    assert not flow.complete and "An earlier version made this run" in flow.notes[0]
    assert flow.used.left_out == (LeftOut("cannot be read", 1),) and flow.found.images == 12
    assert read_flow(make(ROWS, {"left_out": []})).found.patients == 6


def test_a_network_from_elsewhere_has_no_images(make):
    origin = {"file": "m.h5", "sha256": "0", "bytes": 1, "keras": "2", "plain": True, "images": 1, "difference": 0.0}
    flow = read_flow(make([], imported=origin))
    assert flow.found is None and flow.used is None and not flow.complete and "trained elsewhere" in flow.notes[0]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9))))
def test_merging_keeps_the_number_of_images(found):
    merged = merge(LeftOut(reason, images) for reason, images in found)
    assert sum(one.images for one in merged) == sum(images for _, images in found)
    assert len({one.reason for one in merged}) == len(merged)


def test_what_reading_leaves_out_is_counted_with_its_reason(tmp_path):
    from PIL import Image

    lines = ["path,label,patient"]
    for number in range(24):
        Image.new("L", (16, 16), 9 * number).save(tmp_path / f"{number}.png")
        lines.append(f"{number}.png,{'AB'[number % 2]},p{number // 2}")
    (tmp_path / "3.png").write_bytes(b"not a picture")
    lines += ["24.png,A,p0", "0.png,,p30", "1.png,,p30"]
    (tmp_path / "images.csv").write_text("\n".join(lines) + "\n")
    data = load_dataset(tmp_path / "images.csv", skip_bad=True)
    assert data.left_out == (LeftOut("have no label", 2, 1), LeftOut("name a file that does not exist", 1, 1))
    spec = InputSpec(height=32, width=32)
    prepared = prepare(data, [spec], lambda images: split(images, (0.6, 0.2, 0.2), 0), skip_bad=True)
    assert prepared.manifest.left_out == (*data.left_out, LeftOut("cannot be read", 1, 1))
    facts = json.loads(json.dumps(prepared.manifest.facts()))
    assert type(data).parse(prepared.manifest.to_csv(tmp_path).encode(), tmp_path / "m.csv", facts).left_out == (
        prepared.manifest.left_out
    )
