"""Which backend is chosen, on machines that are made of folders, and where the choice arrives."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from chestnut.accelerators import find_accelerators
from chestnut.errors import DeviceError, MissingExtraError
from chestnut.models.backend.choice import (
    Surroundings,
    advise,
    choose,
    keras_file,
    read_configured,
    without_choice,
)
from chestnut.models.backend.installed import read_installed

PROCESSOR = frozenset()
NVIDIA = frozenset({"nvidia"})
ALL = {"jax": NVIDIA, "tensorflow": NVIDIA, "torch": NVIDIA}
PLAIN = {"jax": PROCESSOR, "tensorflow": PROCESSOR, "torch": PROCESSOR}


def only(*names, of=PLAIN):
    return {name: of[name] for name in names}


@pytest.mark.parametrize(
    ("variables", "accelerators", "installed", "expected"),
    [
        ({}, (), PLAIN, "tensorflow"),
        ({}, (), only("jax", "torch"), "jax"),
        ({}, (), only("torch"), "torch"),
        ({}, ("nvidia",), PLAIN, "tensorflow"),
        ({}, ("nvidia",), ALL, "jax"),
        ({}, ("nvidia",), only("tensorflow", "torch", of=ALL), "tensorflow"),
        ({}, ("nvidia",), PLAIN | {"torch": NVIDIA}, "torch"),
        ({}, (), ALL, "tensorflow"),
        ({"CUDA_VISIBLE_DEVICES": ""}, ("nvidia",), ALL, "tensorflow"),
        ({"CUDA_VISIBLE_DEVICES": "-1"}, ("nvidia",), ALL, "tensorflow"),
        ({"CUDA_VISIBLE_DEVICES": "1"}, ("nvidia",), ALL, "jax"),
        ({"JAX_PLATFORMS": "cpu"}, ("nvidia",), ALL, "tensorflow"),
        ({"JAX_PLATFORMS": "cuda,cpu"}, ("nvidia",), ALL, "jax"),
        ({}, ("tpu",), PLAIN | {"jax": frozenset({"tpu"})}, "jax"),
        ({}, ("tpu",), ALL, "tensorflow"),
        ({"KERAS_BACKEND": "torch"}, ("nvidia",), ALL, "torch"),
        ({"KERAS_BACKEND": ""}, ("nvidia",), ALL, "jax"),
    ],
)
def test_the_user_then_an_accelerator_then_tensorflow(variables, accelerators, installed, expected):
    found = choose(Surroundings(variables, accelerators, installed))
    assert found.name == expected
    assert found.by_user == bool(variables.get("KERAS_BACKEND"))


@pytest.mark.parametrize(
    ("configured", "installed", "expected"),
    [
        ("torch", ALL, ("torch", True)),
        ("tensorflow", ALL, ("jax", False)),  # Keras wrote the file
        ("torch", only("jax", of=ALL), ("jax", False)),  # the file of another environment
        ("openvino", ALL, ("jax", False)),  # cannot train
    ],
)
def test_a_configuration_file_counts_where_a_user_changed_it(configured, installed, expected):
    found = choose(Surroundings({}, ("nvidia",), installed, configured))
    assert (found.name, found.by_user) == expected


def test_what_a_variable_names_must_be_able_to_train_and_be_installed():
    with pytest.raises(DeviceError, match="KERAS_BACKEND=zebra: give tensorflow, jax or torch"):
        choose(Surroundings({"KERAS_BACKEND": "zebra"}, (), ALL))
    with pytest.raises(MissingExtraError, match=r"PyTorch is not installed; run pip install 'chestnut\[torch\]'"):
        choose(Surroundings({"KERAS_BACKEND": "torch"}, (), only("jax")))
    with pytest.raises(MissingExtraError, match="nothing is installed that networks can compute with"):
        choose(Surroundings({}, (), {}))


@pytest.mark.parametrize(
    ("variables", "installed", "said"),
    [
        ({}, PLAIN, "is not used; run pip install 'chestnut[gpu]'"),
        ({"KERAS_BACKEND": "tensorflow"}, PLAIN | {"jax": NVIDIA}, "TensorFlow cannot use the NVIDIA GPU of this ma"),
        ({}, ALL, None),
        ({"CUDA_VISIBLE_DEVICES": ""}, PLAIN, None),
    ],
)
def test_an_unused_card_is_said(variables, installed, said):
    around = Surroundings(variables, ("nvidia",), installed)
    found = advise(around, choose(around))
    assert (found is None) if said is None else said in found
    assert advise(Surroundings(variables, (), installed), choose(around)) is None


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ([], ()),
        (["dev/nvidiactl", "dev/nvidia-uvm"], ()),  # the driver is loaded, and this container was given no card
        (["dev/nvidia0"], ("nvidia",)),
        (["dev/nvidia12"], ("nvidia",)),
        (["proc/driver/nvidia/gpus/0000:00:04.0/information"], ("nvidia",)),
        (["dev/dxg"], ()),
        (["dev/dxg", "usr/lib/wsl/lib/libcuda.so.1"], ("nvidia",)),
        (["dev/accel0"], ("tpu",)),
        (["dev/vfio/vfio"], ()),
        (["dev/vfio/0", "dev/nvidia0"], ("nvidia", "tpu")),
    ],
)
def test_accelerators_are_found_by_their_files(tmp_path, files, expected):
    for name in files:
        write(tmp_path / name)
    assert find_accelerators(tmp_path) == expected


def write(path, text=""):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, {}),
        ({"jax/__init__.py": ""}, {"jax": PROCESSOR}),
        ({"jax/__init__.py": "", "jax_cuda13_plugin/__init__.py": ""}, {"jax": NVIDIA}),
        ({"jax/__init__.py": "", "jax_cuda12_plugin/__init__.py": ""}, {"jax": NVIDIA}),
        ({"jax/__init__.py": "", "libtpu/__init__.py": ""}, {"jax": frozenset({"tpu"})}),
        ({"jax/leftover.txt": ""}, {}),
        ({"torch/__init__.py": "", "torch/version.py": "cuda: Optional[str] = '13.0'\n"}, {"torch": NVIDIA}),
        ({"torch/__init__.py": "", "torch/version.py": "cuda: Optional[str] = None\n"}, {"torch": PROCESSOR}),
        ({"torch/__init__.py": "", "torch/version.py": "cuda = '12.1'\nhip = None\n"}, {"torch": NVIDIA}),
        ({"torch/__init__.py": ""}, {"torch": PROCESSOR}),
    ],
)
def test_packages_say_what_they_were_built_for(tmp_path, files, expected):
    for name, text in files.items():
        write(tmp_path / name, text)
    assert read_installed([tmp_path], tmp_path) == expected


@pytest.mark.parametrize("cuda", [True, False])
@pytest.mark.parametrize("cudnn", ["nvidia/cudnn/__init__.py", "usr/lib/x86_64-linux-gnu/libcudnn.so.9", None])
def test_tensorflow_needs_cuda_in_its_build_and_cudnn_beside_it(tmp_path, cuda, cudnn):
    write(tmp_path / "tensorflow/__init__.py")
    info = f"build_info = collections.OrderedDict([('is_cuda_build', {cuda}), ('is_rocm_build', False)])\n"
    write(tmp_path / "tensorflow/python/platform/build_info.py", info)
    if cudnn:
        write(tmp_path / cudnn)
    assert read_installed([tmp_path], tmp_path) == {"tensorflow": NVIDIA if cuda and cudnn else PROCESSOR}


def test_what_is_installed_here_is_found():
    assert "tensorflow" in read_installed()


@pytest.mark.parametrize(
    ("text", "expected"), [('{"backend": "jax"}', "jax"), ("{}", ""), ("[1]", ""), ("no JSON", ""), (None, "")]
)
def test_the_configuration_file_is_read_as_far_as_it_can_be(tmp_path, text, expected):
    path = keras_file({"KERAS_HOME": str(tmp_path)})
    if text is not None:
        path.write_text(text)
    assert read_configured(path) == expected


def test_other_machines_choose_for_themselves_unless_the_user_chose():
    chosen = {"KERAS_BACKEND": "jax", "CHESTNUT_CHOSEN_BACKEND": "jax", "HOME": "/"}
    assert without_choice(chosen) == {"HOME": "/"}
    assert without_choice(chosen | {"KERAS_BACKEND": "torch"}) == {"KERAS_BACKEND": "torch", "HOME": "/"}


#: Ends as soon as Keras is looked for, and says which backend is chosen then.
WATCHING = """
import os, sys

class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "keras":
            sys.stdout.write(f"{os.environ.get('KERAS_BACKEND')} {os.environ.get('CHESTNUT_CHOSEN_BACKEND')}")
            sys.stdout.flush()
            os._exit(0)

sys.meta_path.insert(0, Watch())
"""


def unset(**more):
    kept = {name: text for name, text in os.environ.items() if name not in ("KERAS_BACKEND", "CHESTNUT_CHOSEN_BACKEND")}
    return kept | more


@pytest.mark.parametrize(
    "way_in",
    [
        "from chestnut.models.framework import load_framework; load_framework()",
        "import chestnut.jobs.worker as worker; worker.load()",
        "from chestnut.jobs.run_job import run_job; run_job(None, None)",
        "import io; sys.stdin = io.StringIO(''); import chestnut.studies.tuning.precision_probe as p; p.main()",
    ],
)
@pytest.mark.slow
def test_the_backend_is_chosen_before_keras_is_imported(tmp_path, way_in):
    home = {"KERAS_HOME": str(tmp_path), "CUDA_VISIBLE_DEVICES": ""}
    words = [sys.executable, "-c", WATCHING + way_in]
    found = subprocess.run(words, env=unset(**home), capture_output=True, text=True, check=False)
    assert found.stdout.split() == ["tensorflow", "tensorflow"], found.stderr


def test_every_program_that_loads_keras_chooses_first():
    source = Path(sys.modules["chestnut"].__file__).parent
    programs = [path for path in source.rglob("*.py") if '__name__ == "__main__"' in path.read_text(encoding="utf-8")]
    without = {"conversion.py", "forks.py", "worker.py"}  # told by the caller, or leaves it to the job
    loading = {path.name for path in programs} - without
    assert loading == {"child.py", "precision_probe.py"}
    for path in programs:
        assert path.name in without or "choose_backend()" in path.read_text(encoding="utf-8")
