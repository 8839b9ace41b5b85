"""Two forms of a network are compared in batches of several sizes, and a form that takes one size alone is refused."""

import numpy as np
import pytest
from onnx import TensorProto, helper

from chestnut.config import InputSpec
from chestnut.errors import BundleError
from chestnut.export.parity_check import largest_difference
from chestnut.inference.engines.onnx_engine import OnnxEngine
from chestnut.onnx_session import open_session

SPEC = InputSpec(height=16, width=16)
PIXELS = np.random.default_rng(0).integers(0, 256, (5, 16, 16), dtype=np.uint8)


def engine(count):
    """A network of the first two pixels of each image; of so many images, or of any number if `count` is a name."""
    nodes = [
        helper.make_node("Cast", ["image"], ["grey"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["grey", "flat"], ["values"]),
        helper.make_node("Slice", ["values", "from", "to", "axis"], ["few"]),
        helper.make_node("Mul", ["few", "scale"], ["logits"]),
        helper.make_node("Identity", ["few"], ["features"]),
    ]
    constants = {"flat": [-1, 256], "from": [0], "to": [2], "axis": [1]}
    graph = helper.make_graph(
        nodes,
        "two pixels",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, [count, 16, 16])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [count, 2]) for name in ("logits", "features")],
        [
            *(helper.make_tensor(name, TensorProto.INT64, [len(one)], one) for name, one in constants.items()),
            helper.make_tensor("scale", TensorProto.FLOAT, [1], [0.01]),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    return OnnxEngine(open_session(model.SerializeToString(), threads=1), SPEC)


def test_a_file_for_one_image_at_a_time_is_refused():
    assert largest_difference(engine("n"), engine("n"), PIXELS, 1.0) == 0
    with pytest.raises(BundleError, match=r"fails with 3 images at a time \(.*\); the export is not written"):
        largest_difference(engine("n"), engine(1), PIXELS, 1.0)
    with pytest.raises(BundleError, match="fails with 1 image at a time"):
        largest_difference(engine("n"), engine(8), PIXELS, 1.0)


def test_a_file_that_is_right_for_one_image_at_a_time_alone_is_noticed():
    class First(OnnxEngine):
        def run(self, batch, names):
            return super().run(np.repeat(batch[:1], len(batch), axis=0), names)

    one = engine("n")
    assert largest_difference(one, First(one.session, SPEC), PIXELS, 1.0) > 0.01
    assert largest_difference(one, First(one.session, SPEC), PIXELS[:1], 1.0) == 0
