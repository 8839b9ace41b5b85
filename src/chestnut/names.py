"""What a name may be, and how text that came from outside is shown.

A plain name can name a folder on every system, and leads to no other place. The name of a class may be any readable
text of one line: it becomes a folder only where images are written.
"""

from __future__ import annotations

import re
import unicodedata

from chestnut.errors import ChestnutError

#: The greatest length of a plain name; 200 bytes leave room for a suffix within the 255 that file systems take.
MOST_CHARACTERS, MOST_BYTES = 100, 200
#: The greatest length of the name of a class, which may list several findings.
MOST_CLASS_CHARACTERS = 200

#: Control characters, separators of lines, and the surrogates that stand for bytes that are not UTF-8.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
#: Marks that are not seen or turn the direction of writing; not the joiners that some scripts need.
_HIDDEN = "\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"
_UNSEEN = re.compile(f"[{_HIDDEN}]")
#: What a terminal must not receive; tabs and ends of lines it may.
_UNPRINTABLE = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff{_HIDDEN}]")
#: Names that are devices on Windows, with any suffix.
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])\s*(\.|$)", re.IGNORECASE)

_ODD = "it has a control character, an unseen mark or bytes that are not UTF-8"


def is_safe(name: str) -> bool:
    r"""Tell whether a name survives being written to a CSV, a table or a log line.

    >>> is_safe("No finding"), is_safe("No\nfinding")
    (True, False)
    """
    return _UNSAFE.search(name) is None


def shown(name: str) -> str:
    """Return a name as a message can show it: quoted and escaped if it is unsafe."""
    return name if is_safe(name) else ascii(name)


def printable(text: str) -> str:
    r"""Return a text whose control characters, unseen marks and broken bytes are spelled out.

    >>> print(printable("red: \x1b[31m"))
    red: \x1b[31m
    """
    return _UNPRINTABLE.sub(lambda match: match[0].encode("unicode-escape").decode(), text)


def quoted(value: object) -> str:
    r"""Return a value as Python writes it, a text between quotation marks: escaped, and cut if it is very long.

    >>> print(quoted("a\nb"), quoted("x" * 300)[-4:])
    'a\nb' xxx…
    """
    return cut(printable(repr(value)))


def cut(text: str) -> str:
    """Return a text as it is, or the first part of a very long one."""
    return text if len(text) <= MOST_CLASS_CHARACTERS + 2 else f"{text[:MOST_CHARACTERS]}…"


def name_fault(name: str) -> str | None:
    """Return why a text is not a plain name, or None if it is one.

    >>> name_fault("../x")
    'it contains /, which separates folders'
    >>> name_fault("COVID-19, 2nd try") is None
    True
    """
    faults = {
        "it is empty": not name,
        f"it has {len(name):,} characters": len(name) > MOST_CHARACTERS or len(_as_bytes(name)) > MOST_BYTES,
        _ODD: not is_safe(name) or any(unicodedata.category(mark) == "Cf" for mark in name),
        **{f"it contains {mark}, which separates folders": mark in name for mark in "/\\:"},
        "it begins with a dot, a dash or a blank": name.startswith((".", "-")) or name != name.lstrip(),
        "it ends with a dot or a blank": name.endswith(".") or name != name.rstrip(),
        "Windows keeps this name for a device": _RESERVED.match(name),
    }
    return next((fault for fault, found in faults.items() if found), None)


def require_name(name: str, what: str, error: type[ChestnutError]) -> str:
    """Return a plain name as it is.

    Args:
        name: The name that was given.
        what: What it names, for the message, such as `the run's name`.
        error: The kind of error to raise.

    Raises:
        ChestnutError: It is not a plain name; the error is of the kind that was asked for.
    """
    fault = name_fault(name)
    if fault is None:
        return name
    raise error(
        f"{what} {quoted(name)}: {fault}; give a name of at most {MOST_CHARACTERS} characters ({MOST_BYTES} bytes), "
        "such as cnn-small-1"
    )


def make_name(text: str, otherwise: str) -> str:
    """Return a plain name made from any text, of letters, digits, dots, underscores and dashes.

    Args:
        text: The text; different texts may give the same name.
        otherwise: The plain name to return for a text without such characters.

    >>> make_name("St. Mary's / CT 2", "source")
    'St.-Mary-s-CT-2'
    """
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.")[:MOST_CHARACTERS].rstrip("-.")
    return otherwise if name_fault(name) else name


def class_fault(name: str) -> str | None:
    """Return why a text cannot be the name of a class, or None if it can.

    >>> class_fault("viral/bacterial") is None
    True
    >>> class_fault(" ")
    'it is blank'
    """
    faults = {
        "it is blank": not name.strip(),
        f"it has {len(name):,} characters, of {MOST_CLASS_CHARACTERS} allowed": len(name) > MOST_CLASS_CHARACTERS,
        _ODD: not is_safe(name) or _UNSEEN.search(name),
    }
    return next((fault for fault, found in faults.items() if found), None)


def _as_bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogatepass")
