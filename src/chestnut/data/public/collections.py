"""The public data sets that chestnut can download, and `fetch`, which downloads one.

If a download fails, the error says how to get the file by hand. The environment variable `CHESTNUT_FETCH_URL` gives the
address of another server, such as a hospital's mirror, from which files are fetched by name.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from chestnut.data.public.download import download
from chestnut.data.public.unpack import unpack
from chestnut.errors import DiskError, DownloadError, suggest
from chestnut.files.disk_errors import disk_error
from chestnut.files.temporary import scratch_folder
from chestnut.progress import Tick

#: The largest accepted ratio of unpacked to packed size. Pictures hardly shrink when packed, so it is close to 1.
_MOST_GROWTH = 3


@dataclass(frozen=True)
class Collection:
    """A public data set.

    Attributes:
        name: The name that `chestnut fetch` takes.
        title: A description in one sentence.
        url: The address of the file.
        file: The name of the file.
        bytes: The size of the file in bytes.
        checksum: The hash algorithm, and the hexadecimal digest of the file.
        licence: The licence of the data.
        citation: The reference to cite.
        homepage: The page from which a person can download the file.
        folder: The folder that the archive unpacks to; empty for a file that is not unpacked.
    """

    name: str
    title: str
    url: str
    file: str
    bytes: int
    checksum: tuple[str, str]
    licence: str
    citation: str
    homepage: str
    folder: str = ""

    @property
    def target(self) -> str:
        """The name of the folder or file that `fetch` leaves in the end."""
        return self.folder or self.file


#: The public data sets by name. PneumoniaMNIST's size is from TensorFlow Datasets' checksums.tsv, its MD5 from
#: MedMNIST's info.py. Mendeley publishes neither: the size and SHA-256 of ChestXRay2017.zip are those that three
#: independent public projects found after downloading it.
COLLECTIONS = {
    collection.name: collection
    for collection in (
        Collection(
            name="kaggle-pneumonia",
            title="5,856 chest X-rays of children, normal or pneumonia, in train and test: the originals of Kaggle's "
            "chest-xray-pneumonia, whose 16 validation images are in train here",
            url="https://data.mendeley.com/public-files/datasets/rscbjbr9sj/files/"
            "f12eaf6d-6023-432f-acc9-80c9d7393433/file_downloaded",
            file="ChestXRay2017.zip",
            bytes=1_235_512_464,
            checksum=("sha256", "13efc055629733dbab07877f8b3c9f81097840dbcdaa326a8542322c2281ce36"),
            licence="CC BY 4.0",
            citation="Kermany, Zhang, Goldbaum: Mendeley Data v2, 2018, doi:10.17632/rscbjbr9sj.2",
            homepage="https://data.mendeley.com/datasets/rscbjbr9sj/2",
            folder="chest_xray",
        ),
        Collection(
            name="pneumoniamnist",
            title="the same 5,856 X-rays at 28×28 pixels, in train, val and test; patients are not named",
            url="https://zenodo.org/records/10519652/files/pneumoniamnist.npz?download=1",
            file="pneumoniamnist.npz",
            bytes=4_170_669,
            checksum=("md5", "28209eda62fecd6e6a2d98b1501bb15f"),
            licence="CC BY 4.0",
            citation="Yang et al.: MedMNIST v2, Scientific Data 10:41, 2023, doi:10.1038/s41597-022-01721-8",
            homepage="https://zenodo.org/records/10519652",
        ),
    )
}


def collection_named(name: str) -> Collection:
    """Return the collection with a name.

    Raises:
        DownloadError: No collection has that name.
    """
    if name not in COLLECTIONS:
        raise DownloadError(f"no public data set {name!r}; {suggest(name, COLLECTIONS)}")
    return COLLECTIONS[name]


def fetch(
    collection: Collection,
    folder: str | os.PathLike[str],
    *,
    base_url: str | None = None,
    progress: Tick | None = None,
) -> Path:
    """Download a collection into a folder.

    If the file is in the folder already, because a person put it there, nothing is downloaded. An interrupted download
    leaves `FILE.part`, from which the next call continues.

    Args:
        collection: One of `COLLECTIONS`.
        folder: The folder, which is created if it is missing.
        base_url: The http or https address of a server that has the file under its name; by default that of
            `CHESTNUT_FETCH_URL`, else the publisher's.
        progress: A function that receives (bytes done, bytes in total).

    Returns:
        The path of the data set, ready for `load_dataset`: `folder/chest_xray` or `folder/pneumoniamnist.npz`.

    Raises:
        DownloadError: The server cannot be reached, or the file is not the published one; the message says how to
            download it by hand.
        DiskError: There is too little space, or permission is missing.
    """
    out = Path(folder)
    target = out / collection.target
    archive = out / collection.file
    if target.exists() and collection.folder:
        return target
    try:
        out.mkdir(parents=True, exist_ok=True)
        present = archive.exists()
        if present:
            _verify(collection, archive, f"remove {archive} and run the same command again")
        else:
            _download(collection, archive, base_url, progress)
        if collection.folder:
            _unpack(collection, archive, target)
            if not present:
                archive.unlink()
    except OSError as error:
        raise disk_error(error, out) or error from error
    return target


def _download(collection: Collection, archive: Path, base_url: str | None, progress: Tick | None) -> None:
    base = base_url or os.environ.get("CHESTNUT_FETCH_URL", "")
    url = f"{base.rstrip('/')}/{collection.file}" if base else collection.url
    if not url.startswith(("https://", "http://")):
        raise DownloadError(f"cannot fetch from {base!r}; give an address that begins with https:// or http://")
    by_hand = (
        f"you can also download {collection.file} from {collection.homepage}, put it into {archive.parent} "
        "and run the same command again"
    )
    part = archive.with_name(f"{archive.name}.part")
    have = part.stat().st_size if part.exists() else 0
    _require_space(collection, archive.parent, have)
    try:
        download(url, part, collection.bytes, progress or (lambda _done, _total: None))
    except DownloadError as error:
        raise DownloadError(f"cannot fetch {collection.file} from {url}: {error}; {by_hand}") from error
    try:
        _verify(collection, part, by_hand)
    except DownloadError:
        part.unlink()
        raise
    part.replace(archive)


def _require_space(collection: Collection, folder: Path, have: int) -> None:
    need = collection.bytes * (2 if collection.folder else 1) - have
    free = shutil.disk_usage(folder).free
    if free < need:
        raise DiskError(
            f"{folder} has {free / 1e9:.1f} GB free, but {collection.name} needs {need / 1e9:.1f} GB; "
            "free some space or choose another folder"
        )


def _verify(collection: Collection, file: Path, remedy: str) -> None:
    algorithm, expected = collection.checksum
    with file.open("rb") as opened:
        found = hashlib.file_digest(opened, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()
    if found != expected:
        size = file.stat().st_size
        raise DownloadError(
            f"{file} is not the published {collection.file}: {algorithm} {found}, {size:,} bytes, instead of "
            f"{expected}, {collection.bytes:,} bytes; {remedy}"
        )


def _unpack(collection: Collection, archive: Path, target: Path) -> None:
    """Unpack an archive beside the target, and move the complete folder into place."""
    with scratch_folder(target.parent, collection.folder) as scratch:
        unpack(archive, scratch, collection.bytes * _MOST_GROWTH)
        folder = scratch / collection.folder
        if not folder.is_dir():
            raise DownloadError(f"{archive} has no folder {collection.folder}; download it from {collection.homepage}")
        folder.rename(target)
