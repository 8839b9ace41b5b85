"""Encrypted connections: the contexts for those that come, and for those that results are sent over."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import NamedTuple

from chestnut.errors import ListenError


class Certificates(NamedTuple):
    """The files for encrypted connections, all PEM.

    Attributes:
        certificate: The listener's certificate, perhaps with those that lead to its authority.
        key: Its private key.
        authorities: Whose certificates are believed. With them, who sends must show a certificate; None for anybody.
    """

    certificate: Path
    key: Path
    authorities: Path | None = None

    def for_server(self) -> ssl.SSLContext:
        """Return the context for connections that come.

        Raises:
            ListenError: A file is missing, or not what it should be.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._load(context)
        if self.authorities is not None:
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def for_client(self) -> ssl.SSLContext:
        """Return the context for connections to other applications, whose certificates must name their host.

        Raises:
            ListenError: A file is missing, or not what it should be.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._load(context)
        if self.authorities is None:
            context.load_default_certs()
        return context

    def _load(self, context: ssl.SSLContext) -> None:
        context.minimum_version = ssl.TLSVersion.TLSv1_2  # PS3.15 B.12
        try:
            context.load_cert_chain(self.certificate, self.key, password=_refuse_password)
        except (OSError, ValueError) as error:
            raise ListenError(
                f"tls_cert={self.certificate}: it and the key {self.key} cannot be used "
                f"({_reason(error)}); give PEM files that belong together, the key without a password"
            ) from error
        if self.authorities is None:
            return
        try:
            context.load_verify_locations(self.authorities)
        except OSError as error:
            raise ListenError(
                f"tls_ca={self.authorities}: cannot be used ({_reason(error)}); give a PEM file"
            ) from error


def _refuse_password() -> str:
    raise ValueError("the key has a password")


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "not PEM").replace("_", " ").lower()
    return ((error.strerror if isinstance(error, OSError) else None) or str(error)).lower()
