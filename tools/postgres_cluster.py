"""`PostgresCluster`: a PostgreSQL server of one's own, for tests and measurements, which can be stopped and started."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

#: Where Debian installs the programs of the server.
_DEBIAN = Path("/usr/lib/postgresql")

#: Who runs the server where this program is run by root, which PostgreSQL refuses.
_USER = "postgres"

_SETTINGS = "listen_addresses = ''\nunix_socket_directories = '{folder}'\nport = {port}\n"
_PORT = 5432


def find_programs() -> Path | None:
    """Return the folder of `initdb` and `pg_ctl`, of the newest version; None where PostgreSQL is not installed."""
    if (found := shutil.which("initdb")) is not None:
        return Path(found).parent
    folders = sorted(_DEBIAN.glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    return folders[-1].parent if folders else None


class PostgresCluster:
    """A server with an empty database, reached by a socket in a folder of its own. Leaving the block removes all of it.

    Args:
        durable: Whether commits wait for the disk, as in earnest.

    Raises:
        FileNotFoundError: PostgreSQL is not installed; `tools/install_peers.sh` installs it.
    """

    def __init__(self, *, durable: bool = False) -> None:
        programs = find_programs()
        if programs is None:
            raise FileNotFoundError("PostgreSQL is not installed; run tools/install_peers.sh")
        self._programs = programs
        self._durable = durable
        # A socket's path has at most 107 letters, and the server's user must be able to go there
        self.folder = Path(tempfile.mkdtemp(prefix="chestnut-pg-", dir="/tmp"))
        self._data = self.folder / "data"

    @property
    def url(self) -> str:
        """The address for `Store.open`."""
        return f"postgresql://{_USER}@/postgres?host={self.folder}&port={_PORT}"

    def __enter__(self) -> Self:
        """Create the database and start the server."""
        if os.geteuid() == 0:
            shutil.chown(self.folder, _USER, _USER)
        self._run("initdb", "--auth=trust", f"--username={_USER}", "--no-sync", "--encoding=UTF8", "--locale=C")
        settings = _SETTINGS.format(folder=self.folder, port=_PORT)
        with (self._data / "postgresql.conf").open("a") as file:
            file.write(settings if self._durable else f"{settings}fsync = off\n")
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the server and remove its files."""
        try:
            if (self._data / "postmaster.pid").exists():
                self.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        self._run("pg_ctl", "start", "--wait", "--silent", f"--log={self.folder / 'log'}")

    def stop(self) -> None:
        """Stop the server at once, and cut off who is connected."""
        self._run("pg_ctl", "stop", "--wait", "--silent", "--mode=immediate")

    def is_reached(self) -> bool:
        """Return whether the server takes connections."""
        with socket.socket(socket.AF_UNIX) as client:
            return client.connect_ex(str(self.folder / f".s.PGSQL.{_PORT}")) == 0

    def _run(self, program: str, *words: str) -> None:
        """Run one of the server's programs, as another user where this one is root."""
        user = ["runuser", "-u", _USER, "--"] if os.geteuid() == 0 else []
        command = [*user, str(self._programs / program), f"--pgdata={self._data}", *words]
        # A server that inherited a pipe would keep it open
        done = subprocess.run(command, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{program} ended with status {done.returncode}; see {self.folder / 'log'}")
