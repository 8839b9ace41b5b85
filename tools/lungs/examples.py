"""Load images with the true outlines of their lungs: children, drawn phantoms, and adults for testing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from chestnut import load_dataset
from chestnut.data.phantom.radiograph import draw_patient

Array = npt.NDArray[np.uint8]

#: The least agreement of a mask with the network that linked it to its image.
LEAST_AGREEMENT = 0.8
#: The share of the patients whose images are held out.
HELD_OUT = 0.15
#: The seed of the split by patient, whatever the seed of the training.
SPLIT_SEED = 0
#: The side of the training images.
SIDE = 224
#: The seeds of the phantoms for training and for testing.
TRAIN_SEED, TEST_SEED = 4_021, 977


@dataclass(frozen=True)
class Examples:
    """Images with their lungs; row i of each belongs to image i.

    Attributes:
        images: Grey values, uint8, each of shape (height, width).
        lungs: 0 outside, 1 in the lung at the left of the picture, 2 in the lung at its right, of the image's shape.
        names: The names of the images.
        patients: The patients.
    """

    images: list[Array]
    lungs: list[Array]
    names: list[str]
    patients: list[str]

    def __len__(self) -> int:
        return len(self.images)

    def take(self, rows: Iterable[int]) -> Examples:
        """Return some of the examples."""
        rows = list(rows)
        columns = (self.images, self.lungs, self.names, self.patients)
        return Examples(*([column[row] for row in rows] for column in columns))  # type: ignore[arg-type]


def read_children(data: Path) -> Examples:
    """Read the images of children below `chest-xray-224` whose masks are trustworthy, in the order of their names."""
    stored = np.load(data / "lungs" / "kermany_train_lung_masks_224.npz", allow_pickle=False)
    archive = {key: stored[key] for key in ("filename", "soft_dice", "masks_packed")}  # each look-up unpacks it anew
    manifest = load_dataset(data / "chest-xray-224").frame
    rows = zip(manifest["path"], manifest["patient"], strict=True)
    paths = {Path(path).name: (path, patient) for path, patient in rows}
    found = Examples([], [], [], [])
    for row in np.argsort(archive["filename"]):
        name = str(archive["filename"][row])
        if archive["soft_dice"][row] <= LEAST_AGREEMENT or name not in paths:
            continue
        path, patient = paths[name]
        mask = np.unpackbits(archive["masks_packed"][row])[: SIDE * SIDE].reshape(SIDE, SIDE)
        found.images.append(read_grey(Path(path)))
        found.lungs.append(label_sides(mask))
        found.names.append(name)
        found.patients.append(str(patient))
    return found


def read_adults(data: Path) -> Examples:
    """Read the adults of `covid-512` that have masks; they are for testing alone."""
    found = Examples([], [], [], [])
    pictures = {path.stem: path for path in sorted((data / "covid-512" / "Covid-19").iterdir())}
    for path in sorted((data / "lungs" / "adults").glob("*.png")):
        found.images.append(read_grey(pictures[path.stem]))
        found.lungs.append(label_sides((read_grey(path) > 127).astype(np.uint8)))
        found.names.append(path.stem)
        found.patients.append(path.stem)
    return found


def draw_phantoms(patients: int, seed: int) -> Examples:
    """Draw phantoms with their true lungs."""
    found = Examples([], [], [], [])
    for number in range(patients):
        for drawn in draw_patient(number, size=SIDE, seed=seed):
            found.images.append(drawn.pixels)
            found.lungs.append(label_sides(drawn.lungs.astype(np.uint8)))
            found.names.append(drawn.name)
            found.patients.append(drawn.patient)
    return found


def split_patients(examples: Examples, seed: int) -> tuple[Examples, Examples]:
    """Split by patient into examples for training and held-out ones."""
    patients = np.array(sorted(set(examples.patients)))
    held = set(np.random.default_rng(seed).permutation(patients)[: round(HELD_OUT * len(patients))].tolist())
    rows = [row for row, patient in enumerate(examples.patients) if patient in held]
    return examples.take(sorted(set(range(len(examples))) - set(rows))), examples.take(rows)


def read_grey(path: Path) -> Array:
    """Read a picture as grey values."""
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise SystemExit(f"{path}: cannot be read")
    return np.asarray(image, dtype=np.uint8)


def label_sides(mask: Array) -> Array:
    """Label the two largest parts of a mask: 1 for the one further left in the picture, 2 for the other."""
    count, labels, stats, centres = cv2.connectedComponentsWithStats(mask, connectivity=4)
    sides = np.zeros(mask.shape, dtype=np.uint8)
    parts = np.argsort(-stats[1:, cv2.CC_STAT_AREA])[:2] + 1
    for side, part in enumerate(sorted(parts, key=lambda part: centres[part][0]), start=1):
        alone = 1 if centres[part][0] < mask.shape[1] / 2 else 2  # one part alone lies on the side of its centre
        sides[labels == part] = alone if count == 2 else side
    return sides
