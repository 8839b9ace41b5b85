"""`Gallery`: small pictures of images that a network judged, each with the places that speak for a class."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Final

from chestnut.data.decoding.decode import quiet
from chestnut.data.decoding.raw import fetched
from chestnut.data.thumbnails import encode_jpeg
from chestnut.errors import ImageError
from chestnut.explain.mapper import Mapper
from chestnut.explain.methods import Choice
from chestnut.explain.overlay import blend
from chestnut.explain.picture import view_picture
from chestnut.files.json_files import read_json, write_json
from chestnut.files.reading import RESTORE
from chestnut.inference.bundle import Bundle
from chestnut.inference.engines.engine import Engine
from chestnut.progress import Tick

#: The file that says what the pictures show.
TABLE: Final = "gallery.json"

#: The most pixels of the longer side of a picture.
SIDE: Final = 320

_NAME = re.compile(r"\d{4,6}(-map)?\.jpg")
_JPEG = b"\xff\xd8\xff"


@dataclass(frozen=True)
class GalleryImage:
    """An image that a network judged, as a row of predictions.csv has it, and what a gallery shows of it.

    Attributes:
        path: The image, as in a manifest's `path`.
        patient: Whose image it is; empty if not known.
        label: The true class; empty if not known.
        decision: The class that is decided.
        probabilities: The probability of each class by its name.
        of: The class that the map is of; empty for the one that is decided.
        method: How the map was made; empty without a map.
        meaning: What the values of the map say; empty without a map.
        evidence: Whether any place speaks for the class; False without a map.
        picture: The file name of the picture; empty where there is none.
        overlay: The file name of the picture with the map over it; empty without a map.
    """

    path: str
    patient: str
    label: str
    decision: str
    probabilities: Mapping[str, float]
    of: str = ""
    method: str = ""
    meaning: str = ""
    evidence: bool = False
    picture: str = ""
    overlay: str = ""

    @property
    def explained(self) -> str:
        """The class that the map is of."""
        return self.of or self.decision


@dataclass(frozen=True)
class Gallery:
    """Images that a network judged, with small pictures of them.

    Attributes:
        images: The images, in order.
        pictures: The pictures as JPEG, by the file names that the images have for them.
    """

    images: tuple[GalleryImage, ...]
    pictures: Mapping[str, bytes]

    @property
    def unmapped(self) -> int:
        """How many images have a picture and no map."""
        return sum(bool(one.picture) and not one.overlay for one in self.images)

    def find(self, path: str) -> GalleryImage | None:
        """Return the image of a path; None if it is not in the gallery."""
        return next((one for one in self.images if one.path == path), None)


def make_gallery(
    bundle: Bundle,
    engine: Engine | None,
    images: Sequence[GalleryImage],
    *,
    method: Choice = "auto",
    side: int = SIDE,
    seconds: float | None = None,
    tick: Tick | None = None,
) -> Gallery:
    """Draw images that a network judged, and compute where it looked.

    An image that cannot be read any more has no picture.

    Args:
        bundle: The bundle of the network.
        engine: The network; None for pictures without maps.
        images: The images, without pictures.
        method: How to make the maps. `auto` takes gradients where occlusion would need more than the seconds; see
            `Mapper`.
        side: The most pixels of the longer side of a picture, 1 or more.
        seconds: After this time no further map is begun, and the images left have pictures alone; None for no limit.
        tick: Is called with the number of images that are done, and of all.

    Raises:
        ExplanationError: There is no such class, or the network does not allow the method.
    """
    mapper = None if engine is None else Mapper(bundle, engine, method, seconds)
    made, pictures = [], {}
    for number, image in enumerate(images, 1):
        try:
            drawn, found = _draw(image, bundle, mapper, side, f"{number:04d}", len(images) - number + 1)
        except ImageError:
            drawn, found = image, {}
        made.append(drawn)
        pictures.update(found)
        if tick is not None:
            tick(number, len(images))
    return Gallery(tuple(made), pictures)


def _draw(
    image: GalleryImage, bundle: Bundle, mapper: Mapper | None, side: int, name: str, left: int
) -> tuple[GalleryImage, dict[str, bytes]]:
    """Draw one image, with a map if there is time; return it with its pictures by their file names."""
    with quiet(), fetched(image.path) as raw:
        framed, picture = view_picture(raw, bundle.spec, side)
    plain, over = f"{name}.jpg", f"{name}-map.jpg"
    image, drawn = replace(image, of=image.explained, picture=plain), {plain: encode_jpeg(picture.grey)}
    found = None if mapper is None else mapper.compute(framed.image, image.of, left)
    if found is None:
        return image, drawn
    drawn[over] = encode_jpeg(blend(picture.grey, picture.laid(found.values)))
    told = replace(image, method=found.method, meaning=found.meaning.says, evidence=found.has_evidence, overlay=over)
    return told, drawn


def write_gallery(folder: Path, gallery: Gallery) -> None:
    """Write the pictures of a gallery, and `gallery.json` with what they show.

    Args:
        folder: An existing folder.
        gallery: The gallery.

    Raises:
        DiskError: The disk is full or not writable.
    """
    for name, content in gallery.pictures.items():
        (folder / name).write_bytes(content)
    write_json(folder / TABLE, {"images": [asdict(image) for image in gallery.images]})


@dataclass(frozen=True)
class _GalleryFile:
    """What gallery.json must contain."""

    images: list[GalleryImage]


def read_gallery(folder: Path, remedy: str = RESTORE) -> Gallery | None:
    """Read a gallery; None if there is none in the folder.

    A picture that is missing or is no JPEG is left out, as if the image could not be read.

    Args:
        folder: The folder of the gallery, which need not exist.
        remedy: What to do about a damaged gallery.json: the end of the message.

    Raises:
        DataError: gallery.json is damaged.
    """
    if not (folder / TABLE).is_file():
        return None
    images, pictures = [], {}
    for row in read_json(folder / TABLE, _GalleryFile, remedy)["images"]:
        image = GalleryImage(**{part.name: row[part.name] for part in fields(GalleryImage) if part.name in row})
        found = {name: content for name in (image.picture, image.overlay) if (content := _read_picture(folder, name))}
        pictures.update(found)
        plain, over = (name if name in found else "" for name in (image.picture, image.overlay))
        images.append(replace(image, picture=plain, overlay=over))
    return Gallery(tuple(images), pictures)


def _read_picture(folder: Path, name: str) -> bytes | None:
    """Return a JPEG of a gallery; None where there is none of this name. The name may come from a stranger's file."""
    path = folder / name
    if not _NAME.fullmatch(name) or path.is_symlink() or not path.is_file():
        return None
    content = path.read_bytes()
    return content if content.startswith(_JPEG) else None
