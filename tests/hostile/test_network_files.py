"""Network files that are damaged, or made to run code or fill the memory, are refused before Keras opens them."""

import json
import struct
import zipfile

import h5py
import numpy as np
import pytest

from chestnut.config import CnnConfig, InputSpec
from chestnut.errors import BundleError
from chestnut.inference.engines.keras_engine import load_network
from chestnut.models.build import build
from chestnut.models.ensemble import join
from chestnut.models.network_file import check_network_file
from chestnut.models.weights_file import load_weights_file
from measuring import MB, run_each

SPEC = InputSpec(height=16, width=16)
WEIGHTS = "model.weights.h5"


def small():
    """A network with each kind of layer that has weights, but for backbones."""
    return build(CnnConfig(filters=(2,), batch_norm=True, dense=(3,), dense_dropout=0.1, l2=0.1), SPEC, 2)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A good file, which tests copy."""
    path = tmp_path_factory.mktemp("whole") / "model.keras"
    small().save(path)
    return path


class Parts:
    """The members of a network file, which can be changed and written again."""

    def __init__(self, whole, folder):
        with zipfile.ZipFile(whole) as archive:
            self.members = {name: archive.read(name) for name in archive.namelist()}
        self.config = json.loads(self.members["config.json"])
        self.folder = folder

    def layer(self, kind):
        return next(layer for layer in self.config["config"]["layers"] if layer["class_name"] == kind)

    def write(self, compression=zipfile.ZIP_STORED):
        if self.config is not None:
            self.members["config.json"] = json.dumps(self.config).encode()
        with zipfile.ZipFile(self.folder / "model.keras", "w", compression) as archive:
            for name, content in self.members.items():
                archive.writestr(name, content)
        return self.folder / "model.keras"

    def write_config(self, text):
        self.config = None
        self.members["config.json"] = text
        return self.write()

    def change_weights(self, change):
        path = self.folder / "weights.h5"
        path.write_bytes(self.members[WEIGHTS])
        with h5py.File(path, "r+") as file:
            change(file)
        self.members[WEIGHTS] = path.read_bytes()
        return self.write()


@pytest.fixture
def parts(whole, tmp_path):
    return Parts(whole, tmp_path)


def refused(path):
    with pytest.raises(BundleError) as caught:
        load_network(path)
    said = str(caught.value)
    assert said.startswith(str(path)) and "\n" not in said and len(said) < 500 and "File not found" not in said
    return said


def change_layer(kind, **values):
    def write(parts):
        parts.layer(kind)["config"].update(values)
        return parts.write()

    return write


def replace_layer(kind, layer):
    def write(parts):
        given = parts.layer(kind)
        given.update(layer)
        return parts.write()

    return write


def build_dense(size):
    def write(parts):
        parts.layer("Dense")["build_config"] = {"input_shape": [None, size]}
        return parts.write()

    return write


def without_build(parts):
    del parts.layer("Conv2D")["build_config"]
    return parts.write()


def legacy_layer(parts):
    del parts.layer("Dense")["module"]
    return parts.write()


def learnt_mean(parts):
    table = {"module": "keras.layers", "class_name": "Normalization", "config": {"mean": None, "variance": None}}
    parts.layer("ReLU").update(table, build_config={"input_shape": [None, 10**9]})
    return parts.write()


LAMBDA = {
    "module": "keras.layers",
    "class_name": "Lambda",
    "config": {"function": {"class_name": "__lambda__", "config": {"code": "4wEAAAA=", "defaults": None}}},
}
FUNCTION = {"module": "builtins", "class_name": "function", "config": "eval", "registered_name": "function"}

DEEP = b"[" * 99, b"]" * 99

CONFIGS = {
    "no JSON": (lambda parts: parts.write_config(b"{"), "its config.json is not JSON (Expecting property name"),
    "no text": (lambda parts: parts.write_config(b"\xff\xfe\x00"), "its config.json is not JSON"),
    "a list": (lambda parts: parts.write_config(b"[]"), "its config.json does not describe a network"),
    "a layer": (
        lambda parts: parts.write_config(json.dumps(parts.layer("Dense")).encode()),
        "its config.json does not describe a network",
    ),
    "deep": (lambda parts: parts.write_config(b"[" * 100_000), "its config.json is nested more than 64 deep"),
    "rather deep": (
        lambda parts: parts.write_config(
            b'{"class_name": "Sequential", "module": "keras", "x": ' + b"[" * 99 + b"]" * 99 + b"}"
        ),
        "nested more than 64 deep",
    ),
    "a number of 5,000 digits": (lambda parts: parts.write_config(b"9" * 5000), "Exceeds the limit (4300 digits)"),
    "NaN": (change_layer("Rescaling", scale=float("nan")), "its config.json contains NaN, which is no number"),
    "infinite": (
        lambda parts: parts.write_config(json.dumps(parts.config).replace('"offset": 0.0', '"offset": 1e999').encode()),
        "its config.json has a offset that is not finite",
    ),
    "huge": (lambda parts: parts.write_config(b" " * (33 * 2**20)), "its config.json has 34,603,008 bytes"),
    "Lambda": (replace_layer("ReLU", LAMBDA), "it contains keras.layers.Lambda, which chestnut's networks do not have"),
    "TFSMLayer": (replace_layer("ReLU", LAMBDA | {"class_name": "TFSMLayer"}), "it contains keras.layers.TFSMLayer"),
    "a function": (change_layer("Dense", activation=FUNCTION), "it contains builtins.function"),
    "a registered class": (
        replace_layer("ReLU", {"registered_name": "mine>ReLU"}),
        "it contains keras.layers.mine>ReLU, which chestnut's networks do not have",
    ),
    "a class of elsewhere": (replace_layer("ReLU", {"module": "os"}), "it contains os.ReLU"),
    "an unknown layer": (replace_layer("ReLU", {"class_name": "Embedding"}), "it contains keras.layers.Embedding"),
    "a layer of Keras 2": (legacy_layer, "it contains Dense, which chestnut's networks do not have"),
    "a module that is a list": (replace_layer("ReLU", {"module": ["keras"]}), "it contains"),
    "units=2e9": (change_layer("Dense", units=2e9), "weights, and it contains only 333"),
    "units=10**400": (
        change_layer("Dense", units=10**400),
        "more than 1,000,000,000,000 weights",
    ),
    "units=100000": (change_layer("Dense", units=100_000), "weights, and it contains only"),
    "filters=2e9": (change_layer("Conv2D", filters=2 * 10**9), "weights, and it contains only 333"),
    "units below 0": (change_layer("Dense", units=-1), "does not say how large a Dense is"),
    "units as text": (change_layer("Dense", units="many"), "does not say how large a Dense is"),
    "groups 0": (change_layer("Conv2D", groups=0), "does not say how large a Conv2D is"),
    "a wide input of a layer": (build_dense(10**8), "weights, and it contains only"),
    "an input of a layer below 0": (build_dense(-5), "does not say how large a Dense is"),
    "no input of a layer": (without_build, "does not say how large a Conv2D is"),
    "a mean that is learnt": (learnt_mean, "does not say how large a Normalization is"),
    "weights added later": (change_layer("Dense", lora_rank=10**9), "its config.json has a lora_rank"),
    "other arithmetic": (change_layer("Dense", dtype="int8_from_float32"), "asks for the arithmetic int8_from_float32"),
    "a huge kernel": (change_layer("MaxPooling2D", pool_size=[10**9, 1]), "has a pool_size of 1000000000; 0 to 4,096"),
    "layers that do not fit": (build_dense(7), "cannot be loaded as a network"),
    "no layers": (lambda parts: parts.write_config(b'{"class_name": "Functional", "config": {}}'), "it contains"),
}


@pytest.mark.parametrize("kind", CONFIGS)
def test_a_configuration_that_is_not_of_a_network_of_chestnut_is_refused(parts, kind):
    write, said = CONFIGS[kind]
    assert said in refused(write(parts))


def put(path, content):
    path.write_bytes(content)
    return path


def encrypted(parts):
    content = bytearray(parts.write().read_bytes())
    for sign, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(sign) + place] |= 1
    return put(parts.folder / "model.keras", bytes(content))


def twice(parts):
    with zipfile.ZipFile(parts.write(), "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("config.json", "{}")
    return parts.folder / "model.keras"


def longer(parts):
    """The archive's directory says that the weights have 2 GB, stored as they are."""
    content = bytearray(parts.write().read_bytes())
    entry = content.rindex(b"PK\x01\x02")
    content[entry + 20 : entry + 28] = struct.pack("<II", 2**31, 2**31)
    return put(parts.folder / "model.keras", bytes(content))


def flipped(parts):
    """One bit of the weights differs from what their checksum says."""
    content = bytearray(parts.write().read_bytes())
    weights = np.array([1, 1], "float32").tobytes()  # the scale of the batch normalisation
    content[content.index(weights) + 1] ^= 1
    return put(parts.folder / "model.keras", bytes(content))


def misplaced(parts):
    """The archive's directory is 2 GB long, so that its members begin before the file."""
    content = bytearray(parts.write().read_bytes())
    end = content.rindex(b"PK\x05\x06")
    content[end + 16 : end + 20] = struct.pack("<I", 2**31)
    return put(parts.folder / "model.keras", bytes(content))


def with_member(name, content=b"x"):
    def write(parts):
        parts.members[name] = content
        return parts.write()

    return write


def without_member(name):
    def write(parts):
        parts.config = None
        del parts.members[name]
        return parts.write()

    return write


ARCHIVES = {
    "text": (lambda parts: put(parts.folder / "model.keras", b"no network"), "it is not a .keras file"),
    "empty": (lambda parts: put(parts.folder / "model.keras", b""), "it is empty"),
    "HDF5": (
        lambda parts: put(parts.folder / "model.keras", parts.members[WEIGHTS]),
        "it is an HDF5 file",
    ),
    "cut short": (
        lambda parts: put(parts.folder / "model.keras", parts.write().read_bytes()[:-100]),
        "its ZIP archive is cut short or damaged",
    ),
    "compressed": (lambda parts: parts.write(zipfile.ZIP_DEFLATED), "is compressed"),
    "a file more": (with_member("notes.txt"), "it contains 'notes.txt', which Keras does not write"),
    "a file outside": (with_member("../../x"), "it contains '../../x', which Keras does not write"),
    "weights of another kind": (with_member("model.weights.npz"), "it contains 'model.weights.npz'"),
    "a file twice": (twice, "it contains a file twice"),
    "changed in transit": (flipped, "Bad CRC-32 for file 'model.weights.h5'"),
    "encrypted": (encrypted, "is encrypted"),
    "a size that is made up": (longer, f"its {WEIGHTS} does not lie within the archive"),
    "a place that is made up": (misplaced, "does not lie within the archive"),
    "no configuration": (without_member("config.json"), "it has no config.json"),
    "no weights": (without_member(WEIGHTS), f"it has no {WEIGHTS}"),
    "weights that are text": (with_member(WEIGHTS, b"no weights"), "its weights are damaged"),
    "weights cut short": (
        lambda parts: with_member(WEIGHTS, parts.members[WEIGHTS][:-3000])(parts),
        "weights are damaged",
    ),
}


@pytest.mark.parametrize("kind", ARCHIVES)
def test_an_archive_that_keras_does_not_write_is_refused(parts, kind):
    write, said = ARCHIVES[kind]
    assert said in refused(write(parts))


KERNEL = "layers/dense/vars/0"


def replace_array(**options):
    def change(file):
        del file[KERNEL]
        file.create_dataset(KERNEL, **options)

    return change


def link(target):
    def change(file):
        del file[KERNEL]
        file[KERNEL] = target

    return change


def virtual(file):
    layout = h5py.VirtualLayout(file[KERNEL].shape, "float32")
    layout[:] = h5py.VirtualSource("elsewhere.h5", "x", file[KERNEL].shape)
    del file[KERNEL]
    file.create_virtual_dataset(KERNEL, layout)


def drop(file):
    del file[KERNEL]


STORED = {
    "a link to a file": (link(h5py.ExternalLink("/etc/passwd", "/x")), "are a link, which Keras does not write"),
    "a link inside": (link(h5py.SoftLink("/layers/dense_1/vars/0")), "are a link, which Keras does not write"),
    "values in a file": (
        replace_array(shape=(98, 3), dtype="float32", external=[("/etc/passwd", 0, 4096)]),
        "lie in another file",
    ),
    "values of a file": (virtual, "lie in another file, which is not opened"),
    "compressed": (
        replace_array(data=np.zeros((98, 3), "float32"), compression="gzip"),
        "of shape (98, 3) are compressed or incomplete",
    ),
    "declared only": (
        replace_array(shape=(10**6, 10**6), dtype="float32", chunks=(1000, 1000)),
        "of shape (1000000, 1000000) are compressed or incomplete",
    ),
    "text": (replace_array(shape=(98, 3), dtype=h5py.string_dtype()), "are not numbers but object"),
    "missing": (drop, "weights, and it contains only"),
    "of another shape": (replace_array(data=np.zeros((3, 98), "float32")), "cannot be loaded as a network"),
}


@pytest.mark.parametrize("kind", STORED)
def test_weights_that_keras_does_not_write_are_refused(parts, kind):
    change, said = STORED[kind]
    assert said in refused(parts.change_weights(change))


@pytest.mark.parametrize("kind", sorted(set(STORED) - {"missing", "of another shape"}))
@pytest.mark.parametrize("name", ["model.keras", "net.weights.h5", "net.h5"])
def test_a_file_of_weights_is_checked_alike(parts, kind, name):
    change, said = STORED[kind]
    path = parts.change_weights(change)
    if name != "model.keras":
        path = (parts.folder / "weights.h5").rename(parts.folder / name)
    with pytest.raises(ValueError) as caught:
        load_weights_file(small(), path)
    assert said in str(caught.value)


def test_weights_in_an_archive_that_keras_does_not_write_are_refused(parts):
    with pytest.raises(ValueError, match="is compressed"):
        load_weights_file(small(), parts.write(zipfile.ZIP_DEFLATED))


def test_weights_in_an_archive_that_changed_in_transit_are_refused(parts):
    with pytest.raises(ValueError, match="Bad CRC-32"):
        load_weights_file(small(), flipped(parts))


def test_weights_that_are_not_finite_are_refused(parts):
    def spoil(file):
        file[KERNEL][0, 0] = np.nan

    path = parts.change_weights(spoil)
    with pytest.raises(ValueError, match="1 of 294 weights of dense_1/kernel are NaN or infinite"):
        load_weights_file(small(), path)


def test_a_layer_that_puts_out_too_much_is_refused(parts):
    parts.layer("InputLayer")["config"]["batch_shape"] = [None, 30_000, 30_000, 1]
    assert "is the limit" in refused(parts.write()) or "cannot be loaded" in refused(parts.write())


@pytest.mark.slow
def test_an_ensemble_of_ensembles_passes(tmp_path):
    pair = [join([small(), small()], [1.0, 2.0], SPEC) for _ in range(2)]
    join(pair, [1.0, 1.0], SPEC).save(tmp_path / "model.keras")
    check_network_file(tmp_path / "model.keras")
    assert load_network(tmp_path / "model.keras").count_params() == 4 * small().count_params()


@pytest.mark.slow
def test_a_refusal_takes_little_memory(parts, whole):
    """400 MB of zeros in 400 kB, and a layer of 2e9 units: Keras would take 400 MB and 8 GB for them."""
    bomb = parts.folder / "bomb.keras"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", json.dumps(parts.config))
        with archive.open(WEIGHTS, "w") as file:
            for _ in range(400):
                file.write(bytes(10**6))
    wide = change_layer("Dense", units=2 * 10**9)(parts)
    setup = "from pathlib import Path\nfrom chestnut.inference.engines.keras_engine import load_network"
    pieces = {str(path): f"load_network(Path({str(path)!r}))" for path in (bomb, wide, whole)}
    found = run_each(setup, pieces, seconds=60)
    assert found[str(whole)].status == 0, found[str(whole)].err
    for path, said in ((bomb, "is compressed"), (wide, "weights, and it contains only")):
        assert said in found[str(path)].err.splitlines()[-1]
        assert found[str(path)].peak - found[""].peak < 50 * MB
