"""Synthetic frontal chest radiographs with known lesions: built-in data for demonstrations and tests.

Called by `phantom_files`, and by anyone who wants data without downloading any; calls `chest`. Patients are NORMAL or
PNEUMONIA and have one to four images each. A patient depends on the seed and the patient's number alone: asking for
more of them changes none, and another share of pneumonia leaves every body, posture and exposure as it was.

The images are for trying and testing software. They say nothing about disease in people.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from chestnut.data.phantom.chest import accessories, exposure, projection
from chestnut.data.phantom.chest.accessories import Accessories
from chestnut.data.phantom.chest.anatomy import Posture
from chestnut.data.phantom.chest.exposure import Exposure
from chestnut.data.phantom.chest.lesions import Kind, Lesion
from chestnut.data.phantom.chest.projection import FLUID, Patient
from chestnut.data.phantom.chest.shapes import Map, keep_memory
from chestnut.errors import DataError

CLASSES = ("NORMAL", "PNEUMONIA")
SIZES = (32, 2048)
MOST_IMAGES = 4  # of one patient

_FINE_ENOUGH = 160  # smaller images are drawn larger and shrunk, lest ribs fall between the samples


@dataclass(frozen=True)
class Radiograph:
    """One synthetic image.

    Attributes:
        grey: Grey values in 0..1, float32, shape (size, size): what every file format is quantised from.
        mask: Where the lesion is, bool, shape (size, size); nowhere in a normal image.
        patient: Identity of the patient, such as "phantom-0007".
        number: Which image of the patient it is, from 1.
        target: 0 for NORMAL, 1 for PNEUMONIA.
        kind: "none", "lobar" or "diffuse".
        lobe: The lobe of a lobar lesion, else empty.
        spacing: cm from one pixel to the next.
        seed: What it was drawn with.
    """

    grey: Map
    mask: npt.NDArray[np.bool_]
    patient: str
    number: int
    target: int
    kind: Kind
    lobe: str
    spacing: float
    seed: int

    @property
    def label(self) -> str:
        """The class name."""
        return CLASSES[self.target]

    @property
    def name(self) -> str:
        """A name for files that tells the patient, such as "phantom-0007_1"."""
        return f"{self.patient}_{self.number}"

    @property
    def pixels(self) -> npt.NDArray[np.uint8]:
        """The image as uint8, shape (size, size)."""
        return np.rint(self.grey * 255).astype(np.uint8)


@dataclass(frozen=True)
class Phantoms:
    """Synthetic images held in memory, row by row.

    Attributes:
        images: uint8, shape (n, size, size).
        masks: Where the lesions are, bool, shape (n, size, size).
        targets: 0 for NORMAL, 1 for PNEUMONIA, shape (n,).
        patients: Identities, shape (n,).
        kinds: "none", "lobar" or "diffuse", shape (n,).
    """

    images: npt.NDArray[np.uint8]
    masks: npt.NDArray[np.bool_]
    targets: npt.NDArray[np.int64]
    patients: npt.NDArray[np.str_]
    kinds: npt.NDArray[np.str_]


def draw_patients(patients: int, *, size: int = 224, seed: int = 0, pneumonia: float = 0.5) -> Phantoms:
    """Draw all images of some patients into memory.

    Args:
        patients: How many patients, at least 2; they have 2.5 images each on average.
        size: Pixels a side, 32 to 2048.
        seed: What all chance depends on, 0 or more.
        pneumonia: Share of patients with pneumonia, 0..1.

    Raises:
        DataError: A value out of its range.
    """
    drawn = list(stream(patients, size=size, seed=seed, pneumonia=pneumonia))
    return Phantoms(
        images=np.stack([image.pixels for image in drawn]),
        masks=np.stack([image.mask for image in drawn]),
        targets=np.array([image.target for image in drawn], dtype=np.int64),
        patients=np.array([image.patient for image in drawn]),
        kinds=np.array([image.kind for image in drawn]),
    )


def stream(patients: int, *, size: int = 224, seed: int = 0, pneumonia: float = 0.5) -> Iterator[Radiograph]:
    """Draw the images of `draw_patients` one after another, holding those of one patient at a time.

    Raises:
        DataError: A value out of its range; raised before the first image is asked for.
    """
    if patients < 2:
        raise DataError(f"{patients} patients asked for; ask for 2 or more, so that both classes can occur")
    _check(size, seed, pneumonia)
    numbers = range(patients)
    return (image for number in numbers for image in draw_patient(number, size=size, seed=seed, pneumonia=pneumonia))


def draw_patient(number: int, *, size: int = 224, seed: int = 0, pneumonia: float = 0.5) -> tuple[Radiograph, ...]:
    """Draw the images of one patient, the same ones that `draw_patients` draws.

    Args:
        number: Which patient, from 0.
        size: Pixels a side, 32 to 2048.
        seed: What all chance depends on, 0 or more.
        pneumonia: Share of patients with pneumonia, 0..1.

    Raises:
        DataError: A value out of its range.
    """
    _check(size, seed, pneumonia)
    if number < 0:
        raise DataError(f"patient number {number}; patients are numbered from 0")
    side = size * -(-_FINE_ENOUGH // size) if size < _FINE_ENOUGH else size
    keep_memory()
    body = np.random.default_rng([seed, number, 0])
    images = int(body.integers(1, MOST_IMAGES, endpoint=True))
    lesion = Lesion.draw(np.random.default_rng([seed, number, 1])) if _is_ill(number, seed, pneumonia) else None
    patient = Patient.draw(f"phantom-{number:04d}", body, lesion, side)
    return tuple(
        _draw_image(patient, image, seed, np.random.default_rng([seed, number, 2, image]), (size, side))
        for image in range(1, images + 1)
    )


def _check(size: int, seed: int, pneumonia: float) -> None:
    if not SIZES[0] <= size <= SIZES[1]:
        raise DataError(f"size {size}; a synthetic image has {SIZES[0]} to {SIZES[1]} pixels a side")
    if seed < 0:
        raise DataError(f"seed {seed}; a seed is 0 or more")
    if not 0 <= pneumonia <= 1:
        raise DataError(f"share of pneumonia {pneumonia}; it lies between 0 and 1")


def _is_ill(number: int, seed: int, pneumonia: float) -> bool:
    """Whether a patient has pneumonia. Of each pair one draws low and one high, so that both classes come soon."""
    pair = np.random.default_rng([seed, number // 2, 3])
    half = pair.permutation(2)[number % 2]
    return bool((half + pair.random(2)[number % 2]) / 2 < pneumonia)


def _draw_image(
    patient: Patient, number: int, seed: int, rng: np.random.Generator, sizes: tuple[int, int]
) -> Radiograph:
    """Take one image of a patient; all that is drawn here is drawn alike for the ill and the well."""
    size, side = sizes
    posture = Posture.draw(rng, patient.anatomy)
    technique = Exposure.draw(rng)
    things = Accessories.draw(rng)
    growth = float(rng.uniform(0.8, 1.2))
    step = posture.field / side
    plain, filled = projection.project(patient, posture, growth, side)
    window = exposure.window(plain)  # set by the body alone, so that nothing outside the lungs tells the class
    if filled is not None:
        plain += FLUID * filled
    accessories.add(plain, things, step)
    grey = exposure.expose(plain, window, step, technique, exposure.noise(rng, side))
    accessories.shut(grey, things)
    if side != size:
        grey = cv2.resize(grey, (size, size), interpolation=cv2.INTER_AREA)
    lesion = patient.lesion
    return Radiograph(
        grey=grey,
        mask=_mask(filled, size),
        patient=patient.name,
        number=number,
        target=int(lesion is not None),
        kind=lesion.kind if lesion else "none",
        lobe=lesion.lobe if lesion else "",
        spacing=posture.field / size,
        seed=seed,
    )


def _mask(filled: Map | None, size: int) -> npt.NDArray[np.bool_]:
    """Where a lesion fills at least 3 in 10 of its greatest depth."""
    if filled is None:
        return np.zeros((size, size), dtype=np.bool_)
    if filled.shape[0] != size:
        filled = cv2.resize(filled, (size, size), interpolation=cv2.INTER_AREA)
    return cast(npt.NDArray[np.bool_], filled > 0.3 * filled.max())
