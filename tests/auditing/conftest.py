"""Simple chests drawn with NumPy, as a manifest, pixels and facts that tests plant faults into."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import pandas as pd
import pytest

from chestnut.auditing.audit import audit
from chestnut.auditing.image_statistics import CELLS, measure, shrink
from chestnut.auditing.lung_fields import LungFields
from chestnut.data.manifest import Manifest
from chestnut.lungfield.geometry import GEOMETRY


@dataclass(frozen=True)
class Collection:
    """Images with what the audit is given of them; `with_…` and `copied` give a changed copy."""

    rows: pd.DataFrame
    pixels: np.ndarray
    facts: pd.DataFrame

    @property
    def manifest(self):
        return Manifest.build(self.rows, "/data")

    @property
    def labels(self):
        return self.rows["label"].to_numpy()

    def features(self):
        return measure(self.pixels)

    def lungs(self, **figures):
        """Lungs that are the same everywhere but for the figures given, with two ellipses blanked in the images."""
        y, x = np.mgrid[:CELLS, :CELLS] / CELLS
        inside = sum(((x - across) / 0.14) ** 2 + ((y - 0.45) / 0.32) ** 2 < 1 for across in (0.3, 0.7)) > 0
        outside = np.stack([np.where(inside, 0, shrink(image, CELLS)).ravel() for image in self.pixels])
        table = {name: figures.get(name, 0.5) * np.ones(len(self.rows)) for name in GEOMETRY}
        geometry = np.column_stack(list(table.values())).astype(np.float32)
        return LungFields(("",) * len(self.rows), geometry, outside)

    def audit(self, **options):
        return audit(self.manifest, self.pixels, self.facts, **options)

    def with_column(self, **columns):
        return replace(self, rows=self.rows.assign(**columns))

    def with_facts(self, **columns):
        return replace(self, facts=self.facts.assign(**columns))

    def with_pixels(self, row, image):
        pixels = self.pixels.copy()
        pixels[row] = image
        return replace(self, pixels=pixels)

    def copied(self, row, image=None, **columns):
        """One image more: a copy of a row, or `image` in its place, with some columns changed."""
        more = self.rows.iloc[[row]].assign(path=f"/data/copy-{len(self.rows)}.png", **columns)
        rows = pd.concat([self.rows, more], ignore_index=True)
        pixels = np.concatenate([self.pixels, (self.pixels[row] if image is None else image)[None]])
        return replace(self, rows=rows, pixels=pixels, facts=self.facts.iloc[[*range(len(self.rows)), row]])


def draw(generator, size=64):
    """A frontal chest: torso, two lungs, spine, heart, diaphragm, ribs, and a texture of its own."""
    y, x = np.mgrid[:size, :size] / size
    shift_x, shift_y, wide = [*generator.normal(0, 0.015, 2).tolist(), generator.normal(1, 0.04)]

    def ellipse(across, down, width, height, level):
        inside = 1 - ((x - across - shift_x) / (width * wide)) ** 2 - ((y - down - shift_y) / height) ** 2
        return level / (1 + np.exp(-12 * np.maximum(inside, -9)))

    image = 25 + ellipse(0.5, 0.55, 0.46, 0.62, 130)
    for across, height in ((0.3, 0.30), (0.7, 0.27)):
        image -= ellipse(across, 0.45, 0.13, height, 75)
    image += ellipse(0.5, 0.5, 0.05, 0.6, 40) + ellipse(0.58, 0.6, 0.12, 0.14, 45) + ellipse(0.5, 1.0, 0.5, 0.2, 40)
    image += 6 * np.sin(2 * np.pi * (generator.uniform(8, 10) * y + generator.uniform()))
    for width, strength in ((2, 150), (5, 250)):
        image += strength * cv2.GaussianBlur(generator.normal(size=(size, size)), (0, 0), width * size / 64)
    return np.clip(image + generator.normal(0, 2, (size, size)), 0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def collection():
    """120 images of 60 patients, two each, half of them PNEUMONIA, with nothing wrong."""
    generator = np.random.default_rng(0)
    count = 120
    patients = np.arange(count) // 2
    rows = pd.DataFrame(
        {
            "path": [f"/data/{row:03}.png" for row in range(count)],
            "label": np.where(patients % 2, "PNEUMONIA", "NORMAL"),
            "patient": [f"p{patient:02}" for patient in patients],
            "split": "",
        }
    )
    facts = pd.DataFrame(
        {
            "format": "PNG",
            "mode": "L",
            "width": 1024,
            "height": 1024,
            "bits": 8,
            "bytes": generator.normal(4e5, 3e4, count),
        }
    )
    return Collection(rows, np.stack([draw(generator) for _ in range(count)]), facts)
