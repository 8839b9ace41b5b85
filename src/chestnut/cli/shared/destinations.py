"""Where commands write: one rule for every option that names an output, checked before a command does any work.

An output is never a file that the command reads, never a file inside a run or a study other than the command's own, and
an existing other file only with `--force`. Devices and pipes are written through.
"""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import typer

from chestnut.cli.shared.inputs import reads
from chestnut.errors import DataError, DiskError
from chestnut.files.atomic import is_stream
from chestnut.files.disk_errors import disk_errors, require_possible
from chestnut.runs.places import is_same_name, require_outside_runs

ForceOption = Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")]


@dataclass(frozen=True)
class Output:
    """Marks, in the annotation of an option or argument, that it names what a command writes.

    Attributes:
        dash: Whether `-` stands for standard output.
        folder: Whether it names a folder.
        files: The files that are written in that folder, if they may join others there.
        own: The file inside RUN that is this command's own, which it replaces without `--force`.
        only_with: The option without which nothing is written.
    """

    dash: bool = False
    folder: bool = False
    files: tuple[str, ...] = ()
    own: str | None = None
    only_with: str | None = None


@dataclass(frozen=True)
class _Target:
    """One file or folder that a command is about to write.

    Attributes:
        label: The option, as the user types it.
        path: The path.
        output: What the annotation of the option says.
    """

    label: str
    path: Path
    output: Output

    @property
    def replaces(self) -> bool:
        """Whether a regular file stands there."""
        return not self.is_folder and self.path.is_file()

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder that the command fills."""
        return self.output.folder and not self.output.files


def with_destinations(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command `--force`, unless it has it, and check its outputs before it runs."""
    signature = inspect.signature(command, eval_str=True)
    outputs = find_outputs(command)
    own = "force" in signature.parameters

    @functools.wraps(command)
    def call(**given: Any) -> None:
        require_free_outputs(outputs, given, force=given["force"] if own else given.pop("force"))
        command(**given)

    parameters = list(signature.parameters.values())
    if not own:
        force = inspect.Parameter("force", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=ForceOption)
        parameters.append(force)
    keywords = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in parameters]
    call.__signature__ = signature.replace(parameters=keywords)  # type: ignore[attr-defined]
    call.__annotations__ = {one.name: one.annotation for one in keywords}
    return call


def find_outputs(command: Callable[..., None]) -> dict[str, tuple[str, Output]]:
    """Return the option, as the user types it, and the mark of each parameter that names an output."""
    found = {}
    for name, parameter in inspect.signature(command, eval_str=True).parameters.items():
        marks = get_args(parameter.annotation)[1:] if get_origin(parameter.annotation) is Annotated else ()
        for output in (mark for mark in marks if isinstance(mark, Output)):
            option = marks[0]  # Typer keeps the first name of an annotated option as its default
            found[name] = (option.default if isinstance(option.default, str) else option.metavar, output)
    return found


def require_free_outputs(
    outputs: Mapping[str, tuple[str, Output]], given: Mapping[str, Any], *, force: bool = False
) -> None:
    """Check every output of a command.

    Args:
        outputs: What `find_outputs` returned.
        given: The values of all parameters of the command.
        force: Whether existing files may be overwritten.

    Raises:
        DataError: An output is an input, exists already, or is named twice.
        RunError: An output is inside a run or a study.
        DiskError: An output is a folder, or cannot be written.
    """
    targets = list(_targets(outputs, given))
    inputs = [value for name, value in given.items() if name not in outputs and name != "name"]
    for number, target in enumerate(targets):
        with disk_errors(target.path):
            require_possible(target.path)
        if is_stream(target.path):
            continue
        for other in targets[:number]:
            if _same(target.path, other.path):
                raise DataError(f"{other.label} and {target.label} both name {target.path}; give each its own file")
        _require_free(target, inputs, given, force=force)


def require_free_file(path: Path, label: str, *, force: bool) -> None:
    """Check that a file is not inside a run or a study, and does not exist yet or may be overwritten.

    Args:
        path: The file.
        label: The option that names another one.
        force: Whether `--force` was given.

    Raises:
        DataError: The file exists.
        RunError: The file is inside a run or a study.
    """
    require_outside_runs(path, label)
    if path.is_file() and not force:
        raise DataError(f"{path} exists already; name another file with {label}, or overwrite it with --force")


def _targets(outputs: Mapping[str, tuple[str, Output]], given: Mapping[str, Any]) -> Iterator[_Target]:
    for name, (label, output) in outputs.items():
        path = given[name]
        if path is None or (output.only_with is not None and not given[output.only_with]):
            continue
        if str(path) == "-":
            if output.dash:
                continue
            raise DataError(f"{label} -: name a file; only --json takes - for standard output")
        for file in output.files or ("",):
            yield _Target(label, path / file, output)


def _require_free(target: _Target, inputs: list[Any], given: Mapping[str, Any], *, force: bool) -> None:
    path, label = target.path, target.label
    if target.output.own is not None and is_same_name(path, given["run"] / target.output.own):
        return
    if path.is_dir() and not target.is_folder:
        raise DiskError(f"{label} {path}: it is a folder; name a file")
    if target.replaces and any(reads(value, path) for value in inputs):
        raise DataError(f"{label} {path}: the command reads this file; name another one")
    if target.is_folder:
        require_outside_runs(path, label)
    else:
        require_free_file(path, label, force=force)
    _require_writable(path)


def _require_writable(path: Path) -> None:
    """Check, as far as the system tells, that the folder of an output can be written."""
    folder = path.parent
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not os.access(folder, os.W_OK):
        raise DiskError(f"cannot write {path}: no permission to write there; choose another folder")


def _same(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other) or (one.exists() and other.exists() and one.samefile(other))
