"""`chestnut export`: every format gives the network's own answers, as its README says; what does not is not written."""

import json
import re

import keras
import numpy as np
import pytest

import chestnut as cn
from chestnut.config import InputSpec
from chestnut.errors import BundleError, DataError
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.paired.difference import Difference
from chestnut.export import conversion, export_run
from chestnut.export.add_onnx import add_onnx
from chestnut.export.format_names import FORMATS
from chestnut.export.int8_loss import Int8Loss, Limits
from chestnut.export.kept import find_exports
from chestnut.export.parity_check import comparison_images
from chestnut.export.speed import Speed
from chestnut.inference.engines.keras_engine import KerasEngine
from chestnut.inference.run_bundle import read_run_bundle
from chestnut.models.ensemble import join
from export.conftest import SHAPE, small_network

EXACT = [name for name in FORMATS if name != "onnx-int8"]


@pytest.fixture
def quick(monkeypatch):
    """Time nothing."""
    monkeypatch.setattr(export_run, "measure_speeds", lambda engines, images: dict.fromkeys(engines, Speed(10, 20)))


def own_answers(run):
    bundle = read_run_bundle(run)
    pixels = comparison_images(run.manifest, bundle.spec)
    names = [str(number) for number in range(len(pixels))]
    return pixels, KerasEngine.open(bundle).probabilities(pixels, names, bundle.temperature)


def follow_readme(folder, pixels, monkeypatch):
    """Do what README.md says, with its own words."""
    code = "\n".join(re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text(), flags=re.S))
    names = {"images": pixels}
    monkeypatch.chdir(folder)
    exec(code, names)
    return names["probabilities"]


def both_networks():
    spec = InputSpec(height=SHAPE[0], width=SHAPE[1])
    return {
        "random layers, one output": small_network(),
        "an ensemble": join([small_network(1), small_network(2, outputs=2)], [1.0, 2.0], spec),
    }


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["random layers, one output", "an ensemble"])
def test_every_format_gives_the_answers_of_the_network_as_its_readme_says(kind, make_run, quick, monkeypatch):
    pytest.importorskip("openvino", reason="OpenVINO is not installed; pip install 'chestnut[openvino]'")
    run = make_run(both_networks()[kind])
    names = EXACT
    if kind == "an ensemble":
        names = EXACT[:-1]
        with pytest.raises(BundleError, match=r"written as HDF5, and cannot be loaded again .*; give format=keras"):
            cn.export_run(run.path, "h5", quiet=True)
    made = cn.export_run(run.path, names, quiet=True)
    pixels, wanted = own_answers(run)
    assert wanted.std() > 0.001
    for one in made:
        assert one.folder == run.path / "export" / one.format
        for count in (1, 3, 8):
            found = follow_readme(one.folder, pixels[:count], monkeypatch)
            np.testing.assert_allclose(found, wanted[:count], atol=1e-5, err_msg=one.format)
        facts = json.loads((one.folder / "export.json").read_text())
        assert facts["bytes"] == sum(file["bytes"] for file in facts["files"].values()) > 1000
        assert facts["parity"]["difference"] < 1e-5 and facts["versions"]
        assert facts["opset"] == (18 if one.format == "onnx" else None)
    assert {str(one).split()[0] for one in find_exports(run.exports, read_run_bundle(run).identity)} == set(names)
    assert all(one.current for one in find_exports(run.exports, read_run_bundle(run).identity))
    assert not any(one.current for one in find_exports(run.exports, "another"))


@pytest.mark.slow
def test_eight_bits_are_written_if_they_lose_little_and_are_faster(make_run, monkeypatch):
    run, speeds = make_run(small_network()), {"keras": Speed(1, 1), "plain": Speed(10, 10), "form": Speed(9, 12)}
    monkeypatch.setattr(export_run, "measure_speeds", lambda engines, images: {one: speeds[one] for one in engines})
    (made,) = cn.export_run(run.path, "onnx-int8", changed=1, loss=1, quiet=True)
    assert made.int8.images == 20 and made.int8.calibrated == 40 and 1e-5 < made.difference < 0.2
    (run.exports / "onnx-int8" / "export.json").write_text("damaged")
    assert find_exports(run.exports, "any") == ()
    speeds["form"] = Speed(9, 10.2)
    with pytest.raises(BundleError, match=r"0\.90 times as fast as model.onnx one image at a time, and 1\.02 times"):
        cn.export_run(run.path, "onnx-int8", changed=1, loss=1, quiet=True)
    assert (run.exports / "onnx-int8" / "export.json").read_text() == "damaged"


def loss(auroc=0.0, changed=0.0):
    return Int8Loss(1000, 400, 200, Difference(auroc, -0.02, 0.02, 0.5), Estimate(changed, 0.0, 0.05))


def test_eight_bits_that_lose_too_much_are_refused_with_both_figures():
    loss(-0.004, 0.009).require(Limits())
    loss(0.1, 0.01).require(Limits())
    with pytest.raises(BundleError, match=r"AUROC on 1,000 validation images is lower by 0\.0060, more than the loss="):
        loss(auroc=-0.006).require(Limits())
    with pytest.raises(BundleError, match=r"decides 1\.9% of 1,000 .* otherwise, more than the changed=0\.01 that"):
        loss(changed=0.019).require(Limits())
    with pytest.raises(BundleError, match="images are of one class"):
        loss(auroc=None).require(Limits())
    loss(-0.006, 0.5).require(Limits(0.006, 0.5))


@pytest.mark.slow
def test_a_network_whose_export_answers_otherwise_keeps_its_bundle(make_run, monkeypatch):
    run, other = make_run(small_network()), small_network(seed=5)
    before = (run.bundle / "bundle.json").read_bytes()
    real = conversion.from_grey
    monkeypatch.setattr(conversion, "from_grey", lambda network, spec: real(other, spec))
    with pytest.raises(BundleError, match=r"differ by up to 0\.\d+ from its own, more than the 0\.0001 that"):
        add_onnx(run)
    with pytest.raises(BundleError, match=r"the network as ONNX gives probabilities"):
        cn.export_run(run.path, ["keras", "onnx"], quiet=True)
    monkeypatch.undo()
    add_onnx(run)
    kept = (run.bundle / "bundle.json").read_bytes()
    assert before != kept
    monkeypatch.setattr(conversion, "from_grey", lambda network, spec: real(other, spec))
    with pytest.raises(BundleError, match="the network as LiteRT gives probabilities"):
        cn.export_run(run.path, "litert", quiet=True)
    assert (run.bundle / "bundle.json").read_bytes() == kept
    assert not list(run.exports.iterdir())


@pytest.mark.slow
def test_a_changed_onnx_file_is_written_again(make_run, quick):
    run = make_run(small_network())
    cn.export_run(run.path, quiet=True)
    content = (run.bundle / "model.onnx").read_bytes()
    (run.bundle / "model.onnx").write_bytes(content[:-1])
    cn.export_run(run.path, quiet=True)
    assert (run.bundle / "model.onnx").read_bytes() == content
    assert (run.exports / "onnx" / "model.onnx").read_bytes() == content


def test_there_is_a_form_of_each_format():
    assert tuple(export_run.FORMS) == FORMATS


def test_what_cannot_be_exported_is_refused_before_anything_is_loaded(make_run, tmp_path):
    run = make_run(keras.Sequential([keras.Input(SHAPE), keras.layers.Flatten(), keras.layers.Dense(2)]))
    with pytest.raises(DataError, match="no format 'onxx'; did you mean onnx"):
        cn.export_run(run.path, "onxx")
    with pytest.raises(DataError, match="no format to export to; give one or more of onnx, "):
        cn.export_run(run.path, [])
    with pytest.raises(DataError, match="named twice: keras, keras"):
        cn.export_run(run.path, ["keras", "keras"])
    with pytest.raises(DataError, match="changed=nan: give 0 to 1"):
        cn.export_run(run.path, changed=float("nan"))
    (tmp_path / "mine" / "keras").mkdir(parents=True)
    (tmp_path / "mine" / "keras" / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match="contains other files"):
        cn.export_run(run.path, "keras", tmp_path / "mine")
    assert not run.exports.exists()


@pytest.mark.slow
def test_the_command_prints_a_line_for_each_format(make_run, chestnut):
    make_run(small_network())
    status, said, _ = chestnut("export", "one", "--format", "keras", "--format", "onnx", "--json", "made.json")
    assert status == 0
    assert re.search(r"keras +\d+\.\d kB +[\d,]+ \(\d+\.\d×\) +[\d,]+ \(\d+\.\d×\) +0", said)
    assert "one/export/onnx" in said
    told = json.loads((chestnut.folder / "made.json").read_text())
    assert [one["format"] for one in told["exports"]] == ["keras", "onnx"]
    assert all(one["images_per_second"]["32"] > 0 for one in told["exports"])
    status, _, said = chestnut("export", "one", "--format", "onxx")
    assert (status, said) == (2, "error: no format 'onxx'; did you mean onnx?\n")
    status, _, said = chestnut("export", "one", "--loss", 2)
    assert (status, said) == (2, "error: --loss 2: give 0 to 1\n")
