"""`Tokens`: the secrets that say who may ask a service."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from chestnut.errors import ChestnutError, DiskError
from chestnut.names import quoted

#: The fewest letters of a token, which nobody can guess, and the most bytes of a file of tokens.
LEAST_LETTERS, _MOST_BYTES = 32, 100_000

_FORM = f"write one a line: a token of {LEAST_LETTERS} letters or more, perhaps after a name and a space"


@dataclass(frozen=True)
class _Token:
    name: str
    digest: bytes
    session: bytes


class Tokens:
    """The tokens of a service; each may have the name of whoever holds it.

    Args:
        named: The tokens by their names.

    >>> tokens = Tokens({"ward 3": "x" * 32})
    >>> tokens.find("x" * 32), tokens.find("y" * 32)
    ('ward 3', None)
    """

    def __init__(self, named: dict[str, str]) -> None:
        self._tokens = [
            _Token(name, hashlib.sha256(token.encode()).digest(), _session(token).encode())
            for name, token in named.items()
        ]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the tokens of a file; write the file, with a new token, if there is none.

        A line is a token, or the name of who holds it, a space and the token. Lines that begin with # are skipped.

        Raises:
            ChestnutError: The file is not text, has no tokens, or one that is too short or stands twice.
            DiskError: The file cannot be read or written.
        """
        try:
            if not path.exists():
                _create(path)
            with path.open("rb") as file:
                text = file.read(_MOST_BYTES).decode("utf-8")
        except UnicodeDecodeError as error:
            raise ChestnutError(f"{quoted(str(path))} is not text; {_FORM}") from error
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise DiskError(f"{quoted(str(path))} cannot be used: {reason}; give another token file") from error
        return cls(_parse(text, quoted(str(path))))

    def find(self, token: str) -> str | None:
        """Return the name of who holds a token; None if nobody does. The time does not tell how much of it is right."""
        given = hashlib.sha256(token.encode("utf-8", "replace")).digest()
        names = [one.name for one in self._tokens if hmac.compare_digest(one.digest, given)]
        return names[0] if names else None

    def find_session(self, session: str) -> str | None:
        """Return the name of who holds the token of a browser's session; None if nobody does."""
        given = session.encode("utf-8", "replace")
        names = [one.name for one in self._tokens if hmac.compare_digest(one.session, given)]
        return names[0] if names else None

    def session(self, token: str) -> str:
        """Return what a browser keeps in place of a token."""
        return _session(token)


def _session(token: str) -> str:
    return hmac.new(token.encode("utf-8", "replace"), b"a session of the page of chestnut", "sha256").hexdigest()


def _create(path: Path) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(f"{secrets.token_urlsafe(LEAST_LETTERS)}\n")


def _parse(text: str, path: str) -> dict[str, str]:
    named: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not (words := line.split()) or line.lstrip().startswith("#"):
            continue
        name, token = " ".join(words[:-1]) or f"token {len(named) + 1}", words[-1]
        if len(token) < LEAST_LETTERS:
            raise ChestnutError(f"{path}, line {number}: the token has {len(token)} letters; {_FORM}")
        if name in named or token in named.values():
            raise ChestnutError(f"{path}, line {number}: the name or token stands twice; give each its own")
        named[name] = token
    if not named:
        raise ChestnutError(f"{path} has no token; {_FORM}, or remove the file to have one made")
    return named
