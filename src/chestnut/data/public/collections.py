"""Public data sets: what they are, where they lie, and how they come to a folder, whole or not at all.

Called by `chestnut fetch`. A data set that cannot be reached is described so that a person can bring it by hand.
`CHESTNUT_FETCH_URL` names another server, such as a hospital's mirror: its address, `/` and the file's name are
fetched instead.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from chestnut.data.public.download import download
from chestnut.data.public.unpack import unpack
from chestnut.errors import DiskError, DownloadError, suggest
from chestnut.files.disk_errors import disk_error
from chestnut.progress import Tick

#: Unpacked pictures are as large as packed ones; an archive that grows more than this is none of ours.
_MOST_GROWTH = 3


@dataclass(frozen=True)
class Collection:
    """A public data set.

    Attributes:
        name: What `chestnut fetch` calls it.
        title: What it is, in a sentence.
        url: Where the file lies.
        file: The file's name.
        bytes: The file's size.
        checksum: Algorithm and hexadecimal digest of the file.
        licence: Its licence.
        citation: Whom to cite.
        homepage: The page from which a person can bring it.
        folder: The folder that the archive unpacks to; empty for a file that is used as it is.
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
        """What stands in the folder in the end: a folder's or a file's name."""
        return self.folder or self.file


#: PneumoniaMNIST's size is from TensorFlow Datasets' checksums.tsv, its MD5 from MedMNIST's own info.py. Mendeley names
#: neither on its page: the size and SHA-256 of ChestXRay2017.zip are those that three independent public projects found
#: after downloading it.
COLLECTIONS = {
    collection.name: collection
    for collection in (
        Collection(
            name="kaggle-pneumonia",
            title="5,856 chest X-rays of children, normal or pneumonia, in train and test: the originals of Kaggle's "
            "chest-xray-pneumonia, whose 16 validation images stand in train here",
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
    """A collection by name.

    Raises:
        DownloadError: There is none of that name.
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
    """Bring a collection into a folder.

    A file that a person brought there is taken instead of the network. A download that breaks off leaves
    `FILE.part`, from which the next one goes on.

    Args:
        collection: One of `COLLECTIONS`.
        folder: Made where it is missing.
        base_url: Address, http or https, of a server that holds the collection's file by its name; else that of
            `CHESTNUT_FETCH_URL`, else the publisher's.
        progress: Called with (bytes, total).

    Returns:
        The data set, which can be given as DATA: `folder/chest_xray` or `folder/pneumoniamnist.npz`.

    Raises:
        DownloadError: Not reachable, or not the file that it should be; the message says how to bring it by hand.
        DiskError: Too little space, or no permission.
    """
    out = Path(folder)
    target = out / collection.target
    archive = out / collection.file
    if target.exists() and collection.folder:
        return target
    try:
        out.mkdir(parents=True, exist_ok=True)
        brought = archive.exists()
        if brought:
            _verify(collection, archive, f"remove {archive} and run the same command again")
        else:
            _download(collection, archive, base_url, progress)
        if collection.folder:
            _unpack(collection, archive, target)
            if not brought:
                archive.unlink()
    except OSError as error:
        raise disk_error(error, out) or DiskError(
            f"cannot write {out}: {error.strerror}; choose another folder"
        ) from error
    return target


def _download(collection: Collection, archive: Path, base_url: str | None, progress: Tick | None) -> None:
    base = base_url or os.environ.get("CHESTNUT_FETCH_URL", "")
    url = f"{base.rstrip('/')}/{collection.file}" if base else collection.url
    if not url.startswith(("https://", "http://")):
        raise DownloadError(f"cannot fetch from {base!r}; give an address that begins with https:// or http://")
    by_hand = (
        f"to bring it by hand, download {collection.file} from {collection.homepage}, put it into {archive.parent} "
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
    """Unpack beside the target and move it into place when all of it is there."""
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{collection.folder}-") as temporary:
        unpack(archive, Path(temporary), collection.bytes * _MOST_GROWTH)
        made = Path(temporary) / collection.folder
        if not made.is_dir():
            raise DownloadError(f"{archive} holds no folder {collection.folder}; fetch it from {collection.homepage}")
        made.replace(target)
