"""Add the ONNX form of a network to the bundle of its run, once both were seen to give the same answers."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path

from chestnut.config import HUB, BackboneConfig
from chestnut.errors import BundleError, MissingExtraError
from chestnut.export.conversion import OPSET, convert
from chestnut.export.parity_check import comparison_images, largest_difference, require_parity
from chestnut.inference.engines.keras_engine import KerasEngine
from chestnut.inference.engines.onnx_engine import PART, OnnxEngine
from chestnut.inference.parity import TOLERANCE, Parity
from chestnut.inference.run_bundle import change_run_bundle, read_run_bundle
from chestnut.runs.folder import RunFolder

_log = logging.getLogger(__name__)


def add_onnx(run: RunFolder, engine: KerasEngine | None = None) -> Parity:
    """Write `model.onnx` into the bundle of a run.

    Args:
        run: A run with a bundle.
        engine: Its network in Keras; None to load it.

    Returns:
        How far the two forms are from each other.

    Raises:
        BundleError: The network cannot be converted, or the two forms give different answers; the bundle is unchanged.
        MissingExtraError: Only TensorFlow can convert it, and is not installed.
    """
    bundle = read_run_bundle(run)
    engine = engine or KerasEngine.open(bundle)
    with tempfile.TemporaryDirectory(prefix="chestnut-export-") as folder:
        path = Path(folder) / PART
        convert("onnx", engine.network, bundle.spec, path)
        content = path.read_bytes()
    other = OnnxEngine.load(content, bundle, str(run.bundle / PART))
    images = comparison_images(run.manifest, bundle.spec)
    parity = Parity(len(images), largest_difference(engine, other, images, bundle.temperature), OPSET)
    require_parity(parity.difference, TOLERANCE, "ONNX", run)
    change_run_bundle(run, parts={PART: content}, parity=parity)
    return parity


def try_add_onnx(run: RunFolder) -> None:
    """Write `model.onnx` into the bundle of a run, or log why that is not possible.

    A package may be missing, and some backbones of keras-hub cannot be converted. Keras then runs the network, with the
    same answers.

    Raises:
        BundleError: See `add_onnx`; not for backbones of keras-hub.
    """
    try:
        add_onnx(run)
    except MissingExtraError as error:
        _log.warning("no model.onnx, so Keras runs the network: %s", error)
    except BundleError as error:
        model = run.recipe.model
        if not isinstance(model, BackboneConfig) or model.network != HUB:
            raise
        _log.warning("this backbone cannot be converted to ONNX, so Keras runs the network: %s", error)
