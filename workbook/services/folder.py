"""A server's private folder: locked while somebody lives who needs it, swept when nobody does."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from workbook.services.account import Account

PREFIX = "pubsub-service-"
ROOMY = 2 << 30  # bytes
LONGEST = 80  # of the folder's path in bytes: a Unix socket's path ends at 103 on macOS, 107 on Linux


@dataclass(frozen=True)
class Folder:
    """A folder and the lock on it, a descriptor that the process watching the server inherits."""

    path: Path
    lock: int

    def inner(self, name: str, account: Account) -> Path:
        """A folder inside that belongs to the server's account and is closed to all others."""
        path = self.path / name
        path.mkdir()
        account.own(path)
        return path

    def remove(self) -> None:
        """Delete the folder with all it holds. Harmless when somebody else did."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self.lock)


class NoPlaceError(Exception):
    """No place for a server's data; says why each that was looked at will not do."""


def make_folder(kind: str, account: Account, room: int) -> Folder:
    """A new, locked folder for temporary data of `room` bytes, after sweeping what dead runs left behind.

    Raises NoPlaceError, and OSError as the file system does.
    """
    name = f"{PREFIX}{kind}-{secrets.token_hex(4)}"
    objections = []
    for base in places():
        sweep(base)
        objection = _objection(base, name, account, room)
        if objection is None:
            return _locked(base, name, account)
        objections.append(objection)
    raise NoPlaceError(" and ".join(objections))


def _objection(base: Path, name: str, account: Account, room: int) -> str | None:
    if not account.may_enter(base):
        return f"{base} is closed to the account {account.name}"
    if len(os.fsencode(base / name)) > LONGEST:
        return f"{base} is too long a path for a socket"
    if _free(base) < room:
        return f"{base} has {_free(base) >> 20} MB free, and {room >> 20} MB are needed"
    return None


def _free(base: Path) -> int:
    about = os.statvfs(base)
    return about.f_bavail * about.f_frsize


def places() -> list[Path]:
    """Where temporary data may go, best first: what TMPDIR says; memory; the system's temporary folder.

    In memory a database is made two to four times as fast as on a busy disk, and nothing here is meant to
    outlive the machine. Not where memory is scarce (a container's 64 MB), nor where programs may not lie.
    """
    usual = [Path(tempfile.gettempdir()).resolve(), Path("/tmp").resolve()]
    memory = Path("/dev/shm")
    usable = "TMPDIR" not in os.environ and memory.is_dir() and os.access(memory, os.W_OK)
    if usable and _free(memory) >= ROOMY and not os.statvfs(memory).f_flag & os.ST_NOEXEC:
        usual.insert(0, memory)
    return list(dict.fromkeys(usual))


def _locked(base: Path, name: str, account: Account) -> Folder:
    # A hidden name until the lock is taken: a sweep by somebody else never sees the folder unlocked.
    hidden = Path(tempfile.mkdtemp(prefix=f".{PREFIX}", dir=base))
    hidden.chmod(0o711 if account.uid is not None else 0o700)
    lock = os.open(hidden, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    return Folder(hidden.rename(base / name), lock)


def sweep(base: Path) -> None:
    """Delete the folders of runs that died together with the processes that would have cleaned up."""
    for path in base.glob(f"{PREFIX}*-*"):
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            if os.fstat(descriptor).st_uid == os.geteuid():
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
        except BlockingIOError:
            pass  # somebody lives
        finally:
            os.close(descriptor)
