"""The call that takes images from a hospital's network, and sends results back."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from chestnut.api.options import read_options
from chestnut.errors import ListenError
from chestnut.limits import require_between

if TYPE_CHECKING:
    from chestnut.api.run import Run
    from chestnut.serve.dicom.delivery import Target
    from chestnut.serve.dicom.service import Plan, Service
    from chestnut.serve.dicom.tls import Certificates

#: The port if none is given.
PORT = 11112

#: More threads than any machine has, the greatest port, and the most days that are a number worth giving.
_MOST_THREADS, _MOST_PORT, _MOST_DAYS = 4096, 65_535, 36_500


#: Seconds between two looks whether to stop.
_LOOK = 0.3


@dataclass(frozen=True)
class Listening:
    """A listener that takes images.

    Attributes:
        ae_title: The title of its application.
        host: The address at which it listens.
        port: Its port.
        model: The name of its model.
        targets: Where results go.
        spool: The folder that keeps images until they are done.
        audit: Where the audit table lies.
    """

    ae_title: str
    host: str
    port: int
    model: str
    targets: tuple[str, ...]
    spool: str
    audit: str

    def to_dict(self) -> dict[str, Any]:
        """Return what listens, for JSON."""
        return asdict(self)


class ListenOptions(TypedDict, total=False):
    """Keywords of `listen`; see `ListenSettings`."""

    ae_title: str
    host: str
    port: int
    forward: Sequence[str]
    forward_tls: bool
    to: str | os.PathLike[str] | None
    allow: Sequence[str]
    tls_cert: str | os.PathLike[str] | None
    tls_key: str | os.PathLike[str] | None
    tls_ca: str | os.PathLike[str] | None
    database: str | None
    spool: str | os.PathLike[str] | None
    keep_days: int | None
    threads: int | None
    on_ready: Callable[[Listening], None] | None


@dataclass(frozen=True)
class ListenSettings:
    """How images are taken, and where results go.

    Attributes:
        ae_title: The title of the listener's application.
        host: The address to listen at; 0.0.0.0 for all of this computer.
        port: The port; 0 for any that is free.
        forward: Applications that get the results, each `AE@HOST:PORT`.
        forward_tls: Whether results are sent over TLS.
        to: A folder for the results.
        allow: Who may send, each `AE` or `AE@HOST`; empty for anybody.
        tls_cert: The certificate, PEM, with which connections are encrypted; None for plain ones.
        tls_key: Its private key, PEM.
        tls_ca: The authorities, PEM, that must have signed the certificates of senders; None to demand none.
        database: The audit table, `sqlite:///FILE` or `postgresql://USER@HOST/NAME`; None for a file in the user's
            folder for data.
        spool: The folder that keeps images until they are done; None for one in the user's folder for data.
        keep_days: After how many days rows of the audit table are deleted; None for never.
        threads: The number of threads of one computation; None for one per core.
        on_ready: Receives what listens, and where, when images are taken.
    """

    ae_title: str = "CHESTNUT"
    host: str = "0.0.0.0"  # noqa: S104 - other machines of the hospital send images
    port: int = PORT
    forward: Sequence[str] = ()
    forward_tls: bool = False
    to: str | os.PathLike[str] | None = None
    allow: Sequence[str] = ()
    tls_cert: str | os.PathLike[str] | None = None
    tls_key: str | os.PathLike[str] | None = None
    tls_ca: str | os.PathLike[str] | None = None
    database: str | None = None
    spool: str | os.PathLike[str] | None = None
    keep_days: int | None = None
    threads: int | None = None
    on_ready: Callable[[Listening], None] | None = None

    def check(self) -> None:
        """Refuse what is not possible, before anything is read.

        Raises:
            ListenError: A number is out of its range, a title or address has a wrong form, results have no place to go
                to, or files for TLS are missing.
            RunError: The spool or the folder for results is inside a run.
        """
        from chestnut.runs.places import require_outside_runs
        from chestnut.serve.dicom.peers import Caller, Peer, require_title

        require_between(0, _MOST_PORT, error=ListenError, port=self.port)
        require_between(1, _MOST_THREADS, error=ListenError, threads=self.threads)
        require_between(1, _MOST_DAYS, " days", error=ListenError, keep_days=self.keep_days)
        if not self.forward and self.to is None:
            raise ListenError("no place for the results: give forward=AE@HOST:PORT or to=FOLDER")
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ListenError("tls_cert and tls_key belong together; give both")
        if self.tls_cert is None and (self.tls_ca is not None or self.forward_tls):
            raise ListenError("TLS needs a certificate of the listener's own: give tls_cert=PEM and tls_key=PEM")
        require_title(self.ae_title, "ae_title")
        for text in self.forward:
            Peer.parse(text)
        for text in self.allow:
            Caller.parse(text)
        for option, folder in (("--spool", self.spool), ("--to", self.to)):
            if folder is not None:
                require_outside_runs(Path(folder), option)


def listen(run: Run | str | Path, **options: Unpack[ListenOptions]) -> None:
    """Take chest radiographs over DICOM, score them, and send the results on, until SIGTERM or Ctrl-C.

    Args:
        run: The run, or its bundle.
        **options: `ae_title`, `host`, `port`, `forward`, `forward_tls`, `to`, `allow`, `tls_cert`, `tls_key`, `tls_ca`,
            `database`, `spool`, `keep_days`, `threads` and `on_ready`; see `ListenSettings`.

    Raises:
        MissingExtraError: The libraries of the extra `dicom` are not installed.
        BundleError: The run has no network for ONNX Runtime, or one that was changed.
        ListenError: No place for results, a title or address of a wrong form, a port in use, or unusable certificates.
        StoreError: The audit table cannot be used.
        RunError: Another listener uses the spool, or it or the folder for results is inside a run.
        DiskError: The spool cannot be written.
    """
    settings = read_options(ListenSettings, options)
    settings.check()
    from chestnut.serve.dicom.extra import require_extra

    require_extra()
    from chestnut.serve.dicom.service import Service

    with ExitStack() as ending:
        plan = _make_plan(Path(run) if isinstance(run, str | Path) else run.path, settings, ending)
        with _stopping() as stopped, Service(plan) as service:
            if settings.on_ready:
                settings.on_ready(_describe(plan, service))
            while not stopped.wait(_LOOK):  # without an end, a signal that another thread receives would not be seen
                pass


def _make_plan(folder: Path, settings: ListenSettings, ending: ExitStack) -> Plan:
    """Load the network and open the audit table, which is closed at the end."""
    from chestnut.serve.dicom.listener import Address
    from chestnut.serve.dicom.peers import Caller, Peer
    from chestnut.serve.dicom.service import Plan
    from chestnut.serve.dicom.targets import Application, Folder
    from chestnut.serve.scoring.scorer import Scorer
    from chestnut.serve.store.places import default_database, default_spool
    from chestnut.serve.store.pseudonyms import Pseudonyms
    from chestnut.serve.store.store import Store

    title, certificates = settings.ae_title, _certificates(settings)
    address = Address(
        title,
        settings.host,
        settings.port,
        callers=[Caller.parse(text) for text in settings.allow],
        tls=None if certificates is None else certificates.for_server(),
    )
    tls = certificates.for_client() if certificates is not None and settings.forward_tls else None
    peers = [Peer.parse(text) for text in settings.forward]
    targets: list[Target] = [Application(peer, title, tls) for peer in dict.fromkeys(peers)]
    spool = default_spool() if settings.spool is None else Path(settings.spool)
    if settings.to is not None:
        targets.append(Folder(Path(settings.to).absolute()))
    scorer = Scorer.open(folder, threads=settings.threads)
    scorer.warm()
    store = Store.open(settings.database or default_database())
    ending.callback(store.close)
    return Plan(scorer, address, targets, spool, store, Pseudonyms.open(), settings.keep_days)


def _certificates(settings: ListenSettings) -> Certificates | None:
    from chestnut.serve.dicom.tls import Certificates

    if settings.tls_cert is None or settings.tls_key is None:
        return None
    authorities = None if settings.tls_ca is None else Path(settings.tls_ca)
    return Certificates(Path(settings.tls_cert), Path(settings.tls_key), authorities)


def _describe(plan: Plan, service: Service) -> Listening:
    return Listening(
        ae_title=plan.address.title,
        host=plan.address.host,
        port=service.port,
        model=plan.scorer.name,
        targets=tuple(str(target) for target in plan.targets),
        spool=str(plan.spool),
        audit=plan.store.place,
    )


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """Give an event that SIGTERM and Ctrl-C set; signals reach the main thread alone."""
    stopped = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stopped
        return
    kinds = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(kind, lambda *_: stopped.set()) for kind in kinds]
    try:
        yield stopped
    finally:
        for kind, handler in zip(kinds, before, strict=True):
            signal.signal(kind, handler)
