"""The example in docs/api.md that opens a run's network without chestnut."""

import re
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from chestnut.api.predict import predict
from chestnut.data.decoding.decode import decode
from chestnut.runs.folder import RunFolder

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")


def example():
    section = PAGE.split("## The network in plain Keras\n")[1].split("\n## ")[0]
    (code,) = re.findall(r"```python\n(.*?)```", section, flags=re.S)
    return code


def test_the_example_gives_the_probabilities_of_predict(workspace, tmp_path):
    run, image = RunFolder(workspace.run), pd.read_csv(workspace.run / "manifest.csv")["path"][0]
    Image.fromarray(decode(image, run.recipe.input)).save(tmp_path / "small.png")
    code = example()
    assert "chestnut" not in code and "softmax" in code
    for path, tolerance in ((str(tmp_path / "small.png"), 1e-6), (image, 0.01)):
        names = {}
        own = code.replace("runs/first", str(workspace.run)).replace("image.jpeg", path)
        exec(compile(own, "docs/api.md", "exec"), names)
        assert names["probabilities"] == pytest.approx(predict(run, [path], quiet=True).probabilities, abs=tolerance)
        assert names["logits"].sum() != pytest.approx(1)
