"""Read a whole file, with one line that says what to do where that is impossible."""

from __future__ import annotations

from pathlib import Path

from chestnut.errors import DataError

#: What to do about a file that a command wrote and that cannot be read.
RESTORE = "restore it from a copy, or repeat the command that wrote it"

#: No file that is read whole is longer; a longer one would fill the memory of many machines.
MOST_BYTES = 2**30


def is_present(path: Path) -> bool:
    """Return whether there is something at a path, whatever it is.

    Raises:
        DataError: A folder above it may not be read.
    """
    try:
        return path.exists()
    except PermissionError as error:
        raise DataError(_forbidden(path)) from error


def read_content(path: Path, remedy: str = RESTORE) -> bytes:
    """Return the content of a file.

    Args:
        path: The file.
        remedy: What to do if it cannot be read: the end of the message.

    Raises:
        DataError: There is no such file, it is a folder, it may not be read, or it is longer than `MOST_BYTES`.

    >>> read_content(Path("/nowhere/data.json"), "train again")
    Traceback (most recent call last):
    chestnut.errors.DataError: /nowhere/data.json is missing; train again
    """
    try:
        if path.exists() and not path.is_file():
            kind = "a folder" if path.is_dir() else "a device or pipe"
            raise DataError(f"{path} is {kind}, where a file belongs; {remedy}")
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DataError(f"{path} is missing; {remedy}") from error
    except PermissionError as error:
        raise DataError(_forbidden(path)) from error
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror or error}); {remedy}") from error
    if len(content) > MOST_BYTES:
        raise DataError(f"{path} is longer than {MOST_BYTES >> 20:,} MiB; {remedy}")
    return content


def read_text(path: Path, remedy: str = RESTORE) -> str:
    """Return the content of a UTF-8 file as text; raises what `read_content` and `decode_text` raise."""
    return decode_text(read_content(path, remedy), path, remedy)


def decode_text(content: bytes, path: Path, remedy: str = RESTORE) -> str:
    """Return the content of a UTF-8 file as text, with a line feed alone at the end of every line.

    Raises:
        DataError: It is not UTF-8.
    """
    return decode_exactly(content, path, remedy).replace("\r\n", "\n")


def decode_exactly(content: bytes, path: Path, remedy: str = RESTORE) -> str:
    """Return the content of a UTF-8 file as text, with its line ends as they are; raises what `decode_text` raises."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text ({error.reason} at byte {error.start:,}); {remedy}") from error


def _forbidden(path: Path) -> str:
    return f"{path} may not be read: permission is missing; change the permissions of the file or of its folder"
