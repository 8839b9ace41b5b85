"""The call that answers over HTTP."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from chestnut.api.options import read_options
from chestnut.errors import EngineError
from chestnut.limits import require_between
from chestnut.processors import core_count

if TYPE_CHECKING:
    from chestnut.api.run import Run
    from chestnut.serve.http.service import Service

#: The port if none is given; the greatest port; more threads, and more waiting images, than any machine has.
PORT, _MOST_PORT, _MOST_THREADS, _MOST_WAITING = 8765, 65_535, 4096, 10_000


@dataclass(frozen=True)
class Serving:
    """A service that answers.

    Attributes:
        address: Where.
        models: The names of its models.
        audit: Where the audit table lies.
        token_file: The file with the tokens that clients need; None if they need none.
    """

    address: str
    models: tuple[str, ...]
    audit: str
    token_file: Path | None

    def to_dict(self) -> dict[str, Any]:
        """Return the attributes for JSON."""
        token_file = None if self.token_file is None else str(self.token_file)
        return {"address": self.address, "models": list(self.models), "audit": self.audit, "token_file": token_file}


class ServeOptions(TypedDict, total=False):
    """Keywords of `serve_runs`; see `ServeSettings`."""

    host: str
    port: int
    database: str | None
    token_file: str | os.PathLike[str] | None
    keep_images: str | os.PathLike[str] | None
    keep_dicom: bool
    keep_days: int | None
    threads: int | None
    most_waiting: int | None
    on_ready: Callable[[Serving], None] | None


@dataclass(frozen=True)
class ServeSettings:
    """How runs are served.

    Attributes:
        host: The address to listen at; others than this computer's own need a `token_file`.
        port: The port; 0 for any that is free.
        database: The audit table, `sqlite:///FILE` or `postgresql://USER@HOST/NAME`; None for a file in the user's
            folder for data.
        token_file: A file with a token a line, perhaps after the name of who holds it; one is written if it is missing.
        keep_images: The folder in which images are kept; None to keep none.
        keep_dicom: Whether DICOM files are kept whole, with whom they show; else of each the picture alone.
        keep_days: After how many days predictions, verdicts and kept images are deleted; None for never.
        threads: The number of threads of one computation; None for one less than there are cores, as images are
            decoded meanwhile.
        most_waiting: The most images that wait; None for 256.
        on_ready: Receives what is served, and where, when requests are answered.
    """

    host: str = "127.0.0.1"
    port: int = PORT
    database: str | None = None
    token_file: str | os.PathLike[str] | None = None
    keep_images: str | os.PathLike[str] | None = None
    keep_dicom: bool = False
    keep_days: int | None = None
    threads: int | None = None
    most_waiting: int | None = None
    on_ready: Callable[[Serving], None] | None = None

    def check(self) -> None:
        """Refuse what cannot be served, before anything is read.

        Raises:
            EngineError: A number is out of its range, other computers could ask without a token, or images are to be
                kept whole and not at all.
        """
        from chestnut.serve.http.server import is_loopback
        from chestnut.serve.store.retention import MOST_DAYS

        require_between(0, _MOST_PORT, error=EngineError, port=self.port)
        require_between(1, _MOST_THREADS, error=EngineError, threads=self.threads)
        require_between(1, MOST_DAYS, " days", error=EngineError, keep_days=self.keep_days)
        require_between(1, _MOST_WAITING, " images", error=EngineError, most_waiting=self.most_waiting)
        if self.token_file is None and not is_loopback(self.host):
            raise EngineError(
                f"host={self.host}: other computers could ask, so give token_file=FILE; it is written if there is none"
            )
        if self.keep_dicom and self.keep_images is None:
            raise EngineError("keep_dicom=True: say where images are kept, with keep_images=FOLDER")


def serve_runs(runs: Run | str | Path | Sequence[Run | str | Path], **options: Unpack[ServeOptions]) -> None:
    """Answer over HTTP with the networks of runs, and with a page in the browser, until SIGTERM or Ctrl-C.

    Args:
        runs: One or more runs, or their bundles. The first answers where a request names none.
        **options: `host`, `port`, `database`, `token_file`, `keep_images`, `keep_dicom`, `keep_days`, `threads`,
            `most_waiting` and `on_ready`; see `ServeSettings`.

    Raises:
        BundleError: A run has no network for ONNX Runtime, or one that was changed.
        StoreError: The audit table cannot be used.
        EngineError: Two runs have one name, the port is taken, a number is out of its range, or other computers could
            ask without a token.
        DiskError: A folder or file cannot be written.
    """
    settings = read_options(ServeSettings, options)
    settings.check()
    from chestnut.serve.http.server import Server, bind

    with ExitStack() as ending:
        listener = ending.enter_context(bind(settings.host, settings.port))
        service = _open_service(_list_folders(runs), settings, ending)
        serving = Serving(
            address=_address(settings.host, listener.getsockname()[1]),
            models=tuple(service.queues),
            audit=service.store.place,
            token_file=None if settings.token_file is None else Path(settings.token_file),
        )
        Server(service, lambda: settings.on_ready and settings.on_ready(serving)).answer(listener)


def _open_service(folders: Sequence[Path], settings: ServeSettings, ending: ExitStack) -> Service:
    """Load networks and open the audit table; at the end, what waits is finished and all is closed."""
    from chestnut.serve.http.service import LAST_SECONDS, Service
    from chestnut.serve.http.settings import Limits
    from chestnut.serve.http.tokens import Tokens
    from chestnut.serve.scoring.scorer import Scorer
    from chestnut.serve.store.kept_images import KeptImages
    from chestnut.serve.store.places import default_database
    from chestnut.serve.store.pseudonyms import Pseudonyms
    from chestnut.serve.store.retention import Retention
    from chestnut.serve.store.store import Store

    kept, token_file, most = settings.keep_images, settings.token_file, settings.most_waiting
    tokens = None if token_file is None else Tokens.read(Path(token_file))
    threads = settings.threads or max(1, core_count() - 1)
    scorers = [Scorer.open(folder, threads=threads) for folder in folders]
    for scorer in scorers:
        scorer.warm()
    images = None if kept is None else KeptImages(Path(kept), dicom=settings.keep_dicom)
    store = Store.open(settings.database or default_database())
    ending.callback(store.close, LAST_SECONDS)
    if settings.keep_days is not None:
        retention = Retention(store, settings.keep_days, images)
        retention.start()
        ending.callback(retention.stop)
    service = Service(
        scorers,
        store,
        pseudonyms=Pseudonyms.open(),
        images=images,
        tokens=tokens,
        limits=Limits() if most is None else Limits(waiting=most),
    )
    ending.callback(service.close)
    return service


def _list_folders(runs: Run | str | Path | Sequence[Run | str | Path]) -> list[Path]:
    listed = list(runs) if isinstance(runs, Sequence) and not isinstance(runs, str) else [runs]
    if not listed:
        raise EngineError("no runs to serve; give one or more")
    return [Path(run) if isinstance(run, str | Path) else run.path for run in listed]


def _address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
