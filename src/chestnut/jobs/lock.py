"""Keep two processes from working on the same job."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import time
from collections.abc import Iterator

from chestnut.errors import RunError
from chestnut.files.disk_errors import disk_errors
from chestnut.files.locks import locked
from chestnut.jobs.job import Job

#: Seconds to wait for another process. A machine that went down frees its locks on a shared disk after about 90.
_PATIENCE = 150.0


@contextlib.contextmanager
def lock_job(job: Job) -> Iterator[None]:
    """Lock a job while a block runs, against other machines too if they share the disk.

    Another process that does the job may be about to end, because its engine died or Ray gave it up: wait for it.

    All jobs of a folder share the file `.jobs.lock`, in which each locks a byte of its own. With a lock file for each
    job, as `files.locks` makes them, a search of a thousand trials would leave a thousand files behind: removing one is
    not safe while another process may be opening it. Windows cannot lock bytes in this way, so there each job has one.

    Raises:
        RunError: Another process still works on the job.
        DiskError: The lock file cannot be created.
    """
    busy = f"{job.folder} is in use by another process; wait for it or end it"
    try:
        import fcntl
    except ImportError:
        with locked(job.folder.with_name(f".{job.folder.name}.lock"), wait=_PATIENCE, busy=busy):
            yield
        return
    number = int.from_bytes(hashlib.sha256(job.folder.name.encode()).digest()[:7])
    until = time.monotonic() + _PATIENCE
    path = job.folder.parent / ".jobs.lock"
    with contextlib.ExitStack() as held:
        with disk_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            file = held.enter_context(path.open("a"))  # which empties no file that a link leads to
        while True:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
                break
            except OSError as error:
                if error.errno not in (errno.EACCES, errno.EAGAIN):  # the disk has no locks
                    break
                if time.monotonic() > until:
                    raise RunError(busy) from error
                time.sleep(0.1)
        yield
