"""Draw synthetic frontal chest radiographs with known lesions, for demonstrations and tests.

Patients are NORMAL or PNEUMONIA and have one to four images each. A patient depends only on the seed and the patient's
number: drawing more patients changes none, and a different share of pneumonia changes no body, posture or exposure.

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
from chestnut.limits import MOST_SEED, require_between

CLASSES = ("NORMAL", "PNEUMONIA")
SIZES = (32, 2048)
MOST_IMAGES = 4  # of one patient

_MOST_PATIENTS = 100_000  # of a data set
_LUNG = 0.1  # the least share of lung on the rays of a pixel that belongs to the lungs
_FINE_ENOUGH = 160  # smaller images are drawn larger and then shrunk, so that ribs do not fall between the samples


@dataclass(frozen=True)
class Radiograph:
    """One synthetic image.

    Attributes:
        grey: The grey values, 0..1, float32, shape (size, size); every file format quantises these.
        mask: The pixels of the lesion, bool, shape (size, size); all false in a normal image.
        lungs: The pixels of the lungs, with the parts behind heart and diaphragm, bool, shape (size, size).
        patient: The patient's identity, such as "phantom-0007".
        number: The number of the image among the patient's images, from 1.
        target: The class: 0 for NORMAL, 1 for PNEUMONIA.
        kind: The kind of lesion: "none", "lobar" or "diffuse".
        lobe: The lobe of a lobar lesion, else empty.
        spacing: The distance between pixels in cm.
        seed: The seed of the drawing.
    """

    grey: Map
    mask: npt.NDArray[np.bool_]
    lungs: npt.NDArray[np.bool_]
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
        """The file name without suffix, which contains the patient, such as "phantom-0007_1"."""
        return f"{self.patient}_{self.number}"

    @property
    def pixels(self) -> npt.NDArray[np.uint8]:
        """The grey values as uint8, shape (size, size)."""
        return np.rint(self.grey * 255).astype(np.uint8)


@dataclass(frozen=True)
class Phantoms:
    """Synthetic images in memory; row i of each array belongs to image i.

    Attributes:
        images: The grey values, uint8, shape (n, size, size).
        masks: The pixels of the lesions, bool, shape (n, size, size).
        targets: The classes, 0 for NORMAL and 1 for PNEUMONIA, shape (n,).
        patients: The patients' identities, shape (n,).
        kinds: The kinds of lesion, "none", "lobar" or "diffuse", shape (n,).
    """

    images: npt.NDArray[np.uint8]
    masks: npt.NDArray[np.bool_]
    targets: npt.NDArray[np.int64]
    patients: npt.NDArray[np.str_]
    kinds: npt.NDArray[np.str_]


def draw_patients(patients: int, *, size: int = 224, seed: int = 0, pneumonia: float = 0.5) -> Phantoms:
    """Draw all images of some patients into memory.

    Args:
        patients: The number of patients, 2 to 100,000; they have 2.5 images each on average.
        size: The side of an image in pixels, 32 to 2048.
        seed: The seed of all random draws, 0 or more.
        pneumonia: The share of patients with pneumonia, 0..1.

    Raises:
        DataError: A value is out of its range.

    >>> draw_patients(2, size=32).images.shape[1:]
    (32, 32)
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
    """Yield the images of `draw_patients`, with only one patient's images in memory at a time.

    Raises:
        DataError: A value is out of its range; this call raises it, before the first image is drawn.
    """
    require_between(2, _MOST_PATIENTS, ", so that both classes can occur", patients=patients)
    _check(size, seed, pneumonia)
    numbers = range(patients)
    return (image for number in numbers for image in draw_patient(number, size=size, seed=seed, pneumonia=pneumonia))


def draw_patient(number: int, *, size: int = 224, seed: int = 0, pneumonia: float = 0.5) -> tuple[Radiograph, ...]:
    """Draw the images of one patient, identical to those of `draw_patients`.

    Args:
        number: The patient's number, from 0.
        size: The side of an image in pixels, 32 to 2048.
        seed: The seed of all random draws, 0 or more.
        pneumonia: The share of patients with pneumonia, 0..1.

    Raises:
        DataError: A value is out of its range.
    """
    _check(size, seed, pneumonia)
    require_between(0, _MOST_PATIENTS, number=number)
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
        raise DataError(f"size={size}: give {SIZES[0]} to {SIZES[1]} pixels")
    require_between(0, MOST_SEED, seed=seed)
    if not 0 <= pneumonia <= 1:
        raise DataError(f"pneumonia={pneumonia}: give a share from 0 to 1")


def _is_ill(number: int, seed: int, pneumonia: float) -> bool:
    """Tell whether a patient has pneumonia. Of each pair one draws low and one high, so both classes occur early."""
    pair = np.random.default_rng([seed, number // 2, 3])
    half = pair.permutation(2)[number % 2]
    return bool((half + pair.random(2)[number % 2]) / 2 < pneumonia)


def _draw_image(
    patient: Patient, number: int, seed: int, rng: np.random.Generator, sizes: tuple[int, int]
) -> Radiograph:
    """Draw one image of a patient; nothing drawn at random here depends on whether the patient is ill."""
    size, side = sizes
    posture = Posture.draw(rng, patient.anatomy)
    technique = Exposure.draw(rng)
    things = Accessories.draw(rng)
    growth = float(rng.uniform(0.8, 1.2))
    step = posture.field / side
    met = projection.project(patient, posture, growth, side)
    plain, filled = met.attenuation, met.filled
    window = exposure.window(plain)  # from the body without the lesion, so that only the lungs show the class
    if filled is not None:
        plain += FLUID * filled
    accessories.add(plain, things, step)
    grey = exposure.expose(plain, window, step, technique, exposure.noise(rng, side))
    accessories.shut(grey, things)
    lesion = patient.lesion
    return Radiograph(
        grey=_shrink(grey, size),
        mask=_mask(filled, size),
        lungs=_shrink(met.lung, size) > _LUNG,
        patient=patient.name,
        number=number,
        target=int(lesion is not None),
        kind=lesion.kind if lesion else "none",
        lobe=lesion.lobe if lesion else "",
        spacing=posture.field / size,
        seed=seed,
    )


def _mask(filled: Map | None, size: int) -> npt.NDArray[np.bool_]:
    """Return the pixels where the lesion has at least 3/10 of its greatest depth."""
    if filled is None:
        return np.zeros((size, size), dtype=np.bool_)
    filled = _shrink(filled, size)
    return cast(npt.NDArray[np.bool_], filled > 0.3 * filled.max())


def _shrink(drawn: Map, size: int) -> Map:
    """Return what was drawn at the size of the image."""
    if drawn.shape[0] == size:
        return drawn
    return cast(Map, cv2.resize(drawn, (size, size), interpolation=cv2.INTER_AREA))
