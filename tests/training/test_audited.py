"""Tests of the images that the audit of a training run reads."""

import numpy as np
import pytest
from PIL import Image

import chestnut as cn
from chestnut.auditing import audit as auditing
from chestnut.errors import DataError


def test_the_audit_sees_the_images_as_published_whatever_the_network_sees(tmp_path, monkeypatch):
    random = np.random.default_rng(0)
    for number in range(20):
        folder = tmp_path / "images" / ("dark", "light")[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        grey = random.integers(0, 100, (32, 32)) + 100 * (number % 2)
        Image.fromarray(grey.astype(np.uint8)).save(folder / f"person{number}_1.png")
    seen = []

    def audit(manifest, pixels, *others, **options):
        seen.append({label: pixels[(manifest.frame["label"] == label).to_numpy()].mean() for label in manifest.classes})
        raise DataError("enough")

    monkeypatch.setattr(auditing, "audit", audit)
    settings = ["input.height=32", "input.width=32", "input.intensity=equalise"]
    with pytest.raises(DataError, match="enough"):
        cn.train(cn.load_dataset(tmp_path / "images"), "mlp", settings=settings, path=tmp_path / "run")
    assert seen[0]["light"] - seen[0]["dark"] > 80
