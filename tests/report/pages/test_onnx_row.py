"""The report says how far the network in ONNX form is from the network itself, where there is one."""

import json

import pytest

from chestnut.config import InputSpec
from chestnut.report.pages.run import write_run_page

FACTS = {
    "format": 3, "recipe": "cnn-small", "classes": ["NORMAL", "PNEUMONIA"], "positive": "PNEUMONIA",
    "input": InputSpec().model_dump(), "temperature": 1.0, "threshold": 0.5, "synthetic": False,
    "sha256": {"model.keras": "0" * 64},
}  # fmt: skip


@pytest.mark.parametrize("parity", [{"images": 64, "difference": 3e-7, "opset": 18}, None])
def test_the_check_of_the_onnx_form_is_told(make_run, read_page, parity):
    made = make_run()
    made.run.write(made.run.bundle / "bundle.json", json.dumps(FACTS | {"parity": parity}))
    write_run_page(made.run, made.run.report_file)
    text = read_page(made.run.report_file).text
    said = "probabilities of 64 images differ by up to 3e-07 from those of Keras (opset 18)"
    assert (said in text) == ("model.onnx" in text) == bool(parity)
