"""The versions of the libraries that write and read each form of a network."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

#: The libraries of each form, as their packages are called.
_LIBRARIES = {
    "onnx": ("keras", "tensorflow", "tf2onnx", "onnx", "onnxruntime"),
    "onnx-int8": ("onnx", "onnxruntime"),
    "openvino": ("openvino", "onnx"),
    "litert": ("keras", "tensorflow"),
    "savedmodel": ("keras", "tensorflow"),
    "keras": ("keras",),
    "h5": ("keras", "h5py"),
}


def versions(form: str) -> dict[str, str]:
    """Return the version of each installed library of a form.

    >>> sorted(versions("keras"))
    ['keras']
    """
    found = {name: _version(name) for name in _LIBRARIES[form]}
    return {name: value for name, value in found.items() if value}


def describe_versions(form: str) -> str:
    """Return the libraries of a form with their versions, in words."""
    return ", ".join(f"{name} {value}" for name, value in versions(form).items())


def _version(name: str) -> str:
    for package in (name, f"{name}-cpu"):  # TensorFlow has a package of its own for machines without a GPU
        try:
            return version(package)
        except PackageNotFoundError:
            continue
    return ""
