"""Check every table of a foreign configuration before Keras sees it: a table names what Keras is to make."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, Final, NoReturn

from chestnut.models.foreign.layer_rules import ACTIVATIONS, ALIASES, LAYERS, TRAINING_ONLY

Table = dict[str, Any]

#: The depth of tables and lists; a network within a network within a network has some thirty.
_MOST_DEPTH = 64

_NETWORKS = ("Functional", "Model", "Sequential")
_HELPERS = frozenset(
    {
        *("DTypePolicy", "Policy", "InputLayer", "TFOpLambda", "__keras_tensor__", "__tensor__", "function"),
        *("Zeros", "Ones", "Constant", "RandomNormal", "RandomUniform", "TruncatedNormal", "VarianceScaling"),
        *("GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "LecunNormal", "LecunUniform", "Orthogonal"),
        *("Identity", "L1", "L2", "L1L2", "MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm"),
    }
)
_KNOWN: Final = frozenset({*LAYERS, *TRAINING_ONLY, *ALIASES, *_NETWORKS, *_HELPERS})
_MODULE = re.compile(r"(tf_)?keras(\.[a-z_0-9]+)*|tensorflow\.(python\.)?keras(\.[a-z_0-9]+)*|builtins")

_AGAIN = "build the network without it, load the weights into that, and save it whole with model.save('model.keras')"
_WHY: Final = {
    "Lambda": "runs Python code that lies in the file; use layers of Keras in its place, such as Rescaling",
    "TFSMLayer": "runs a SavedModel that is not in the file",
    "KerasLayer": "is a module of TensorFlow Hub, which lies elsewhere; take the network from keras.applications",
    "TFOpLambda": "is an operation of TensorFlow outside of Keras's layers; use layers of Keras, such as Rescaling",
    "SlicingOpLambda": "is an operation of TensorFlow outside of Keras's layers; use layers of Keras in its place",
}


def read_tables(text: bytes | str) -> Table:
    """Read the configuration of a network, and check every table in it.

    Raises:
        ValueError: It is not JSON, describes no network, or has a part that is not accepted.
    """
    try:
        network = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError(f"its configuration is nested more than {_MOST_DEPTH} deep") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"its configuration is not JSON ({error})") from error
    if not isinstance(network, dict) or not isinstance(network.get("class_name"), str):
        raise ValueError("its configuration does not describe a network")
    for key in ("compile_config", "build_config"):
        network.pop(key, None)
    if network["class_name"] not in _NETWORKS:
        raise ValueError(
            f"it is a {network['class_name'][:60]!r}, a class of its program's own, whose code is not in the file; "
            "rebuild the network from layers of Keras there, load the weights into that, and save it whole"
        )
    for table in _tables(network):
        _require_known(table)
    return network


def refuse_layer(name: object, kind: object) -> NoReturn:
    """Refuse a layer by its name.

    Raises:
        ValueError: Always.
    """
    why = _WHY.get(str(kind), "is not among the layers that are accepted")
    raise ValueError(f"its layer {str(name)[:60]!r}, a {str(kind)[:60]}, {why}; {_AGAIN}")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"its configuration contains {name}, which is no number")


def _tables(root: Any) -> Iterator[Table]:
    todo = [(root, 1)]
    while todo:
        value, depth = todo.pop()
        if depth > _MOST_DEPTH:
            raise ValueError(f"its configuration is nested more than {_MOST_DEPTH} deep")
        if isinstance(value, dict):
            if "class_name" in value:
                yield value
            todo += [(inner, depth + 1) for inner in value.values()]
        elif isinstance(value, list):
            todo += [(inner, depth + 1) for inner in value]
        elif isinstance(value, float) and not math.isfinite(value):
            raise ValueError("its configuration has a number that is not finite")


def _require_known(table: Table) -> None:
    kind, module, config = table["class_name"], table.get("module"), table.get("config")
    name = config.get("name", kind) if isinstance(config, dict) else kind
    if not isinstance(kind, str) or kind not in _KNOWN:
        refuse_layer(name, kind)
    if module is not None and not (isinstance(module, str) and _MODULE.fullmatch(module)) and kind not in TRAINING_ONLY:
        raise ValueError(f"its {str(name)[:60]!r} is from {str(module)[:60]!r}, which is not Keras; {_AGAIN}")
    if kind == "function" and config not in ACTIVATIONS:
        raise ValueError(f"it uses the function {str(config)[:60]!r}, which is not among {', '.join(ACTIVATIONS)}")
