"""Load weights from a file, whatever its name: Keras goes by the ending, this by what the file contains.

Keras writes weights in three layouts: `.weights.h5` (Keras 3), `.h5` (Keras 2, weights or a whole model) and `.keras`
(a whole model). People rename files, and Keras then reads one layout as another and finds no layers in it.
"""

from __future__ import annotations

import shutil
import tempfile
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py  # type: ignore[import-untyped]  # comes with Keras
import keras

from chestnut.errors import in_one_line
from chestnut.models.finite import describe_bad_weights
from chestnut.models.network_file import ZIP_FAULTS, check_archived_weights
from chestnut.models.stored_weights import count_stored

_ENDINGS = (".keras", ".weights.h5", ".h5")  # in the order in which Keras looks for them


#: What Keras raises for files that are damaged or belong to other layers.
_FAULTS = (OSError, LookupError, TypeError, AttributeError, RuntimeError, UserWarning, zipfile.BadZipFile)


def load_weights_file(network: keras.Model, path: Path) -> None:
    """Set all weights of a network from a file of weights or of a whole model.

    Args:
        network: A network of the layers that the file was saved from, in the same order.
        path: A file in any of Keras's layouts, under any name.

    Raises:
        ValueError: The file has none of the layouts, is damaged, would take more memory than its size explains, or
            contains the weights of other layers, or weights that are NaN or infinite.
    """
    ending = find_ending(path)
    if ending is None:
        raise ValueError("the file is neither HDF5 with Keras's layers nor a .keras archive")
    if ending == ".keras":
        check_archived_weights(path)
    else:
        count_stored(path)
    with _link_with_ending(path, ending) as given, warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)  # Keras warns where it leaves layers as they were
        try:
            network.load_weights(given)
        except _FAULTS as error:
            raise ValueError(in_one_line(error)) from error
    if fault := describe_bad_weights(network):
        raise ValueError(fault)


def find_ending(path: Path) -> str | None:
    """Return the ending that Keras expects of a file with this content; None where it is no file of weights.

    Args:
        path: An existing file.

    Returns:
        `.weights.h5`, `.h5`, `.keras` or None.
    """
    if h5py.is_hdf5(path):
        try:
            with h5py.File(path, "r") as file:
                if "layer_names" in file.attrs or "model_weights" in file:
                    return ".h5"
                return ".weights.h5" if "layers" in file or "_layer_checkpoint_dependencies" in file else None
        except (OSError, RuntimeError, KeyError):
            return None
    if zipfile.is_zipfile(path):
        try:
            with zipfile.ZipFile(path) as archive:
                return ".keras" if "model.weights.h5" in archive.namelist() else None
        except (zipfile.BadZipFile, *ZIP_FAULTS):
            return None
    return None


@contextmanager
def _link_with_ending(path: Path, ending: str) -> Iterator[Path]:
    """Link the file under a name from whose ending Keras recognises its layout."""
    if next((one for one in _ENDINGS if path.name.endswith(one)), None) == ending:
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder) / f"network{ending}"
        try:
            link.symlink_to(path.resolve())
        except OSError:  # Windows allows links to administrators alone
            shutil.copyfile(path, link)
        yield link
