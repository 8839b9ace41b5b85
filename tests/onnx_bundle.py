"""A bundle whose network is made of a few ONNX operators, without Keras: the brighter an image, the more positive."""

import hashlib
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from chestnut.config import InputSpec
from chestnut.files.json_files import write_json
from chestnut.inference.bundle import Bundle
from chestnut.inference.parity import Parity


def write_onnx_bundle(run: Path, *, size: int = 32, nan_below: float = -1.0, **facts) -> Path:
    """Write `RUN/bundle`; its logits are (0, (mean − 100) / 20) of the grey values, and NaN for a mean below a limit.

    Returns:
        The run's folder.
    """
    folder = run / "bundle"
    folder.mkdir(parents=True)
    (folder / "model.keras").write_bytes(b"no test reads it")
    (folder / "model.onnx").write_bytes(_network(size, nan_below).SerializeToString())
    hashes = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in ("model.keras", "model.onnx")}
    given = {
        "recipe": "bright",
        "classes": ("NORMAL", "PNEUMONIA"),
        "positive": "PNEUMONIA",
        "spec": InputSpec(height=size, width=size),
        "temperature": 1.0,
        "threshold": 0.4,
        "synthetic": True,
    } | facts
    bundle = Bundle(
        folder=folder,
        weights=hashes["model.keras"],
        parts={"model.onnx": hashes["model.onnx"]},
        parity=Parity(64, 0.0, 15),
        **given,
    )
    write_json(folder / "bundle.json", bundle.to_dict())
    return run


def _network(size, nan_below):
    """Return a model from uint8 (n, size, size) to logits (n, 2) and features (n, 1)."""
    constants = {
        "middle": np.float32(100), "scale": np.float32(20), "limit": np.float32(nan_below), "nan": np.float32(np.nan),
        "axes": np.array([1, 2]), "last": np.array([1]), "zero": np.float32(0),
    }  # fmt: skip
    nodes = [
        helper.make_node("Cast", ["image"], ["grey"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["grey"], ["mean"], axes=[1, 2], keepdims=0),
        helper.make_node("Unsqueeze", ["mean", "last"], ["features"]),
        helper.make_node("Sub", ["features", "middle"], ["centred"]),
        helper.make_node("Div", ["centred", "scale"], ["positive"]),
        helper.make_node("Less", ["features", "limit"], ["dark"]),
        helper.make_node("Where", ["dark", "nan", "positive"], ["known"]),
        helper.make_node("Mul", ["features", "zero"], ["negative"]),
        helper.make_node("Concat", ["negative", "known"], ["logits"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "bright",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["n", size, size])],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 2]),
            helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", 1]),
        ],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)
    onnx.checker.check_model(model)
    return model
