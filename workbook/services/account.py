"""The account a server runs under: yours, or an ordinary one where you are root."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Account:
    """Whom a server's process belongs to; no ids: it stays yours."""

    name: str
    uid: int | None = None
    gid: int | None = None

    def own(self, path: Path) -> None:
        """Give a file or folder to this account, closed to all others."""
        path.chmod(0o700 if path.is_dir() else 0o600)
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def may_enter(self, folder: Path) -> bool:
        """Whether the account can pass through a folder and all above it (access lists not counted)."""
        if self.uid is None:
            return os.access(folder, os.W_OK | os.X_OK)
        return all(step.stat().st_mode & 0o001 for step in (folder, *folder.parents))


def ordinary_account() -> Account | None:
    """An account that is not root: your own, else `nobody`, else the first human one, else None.

    PostgreSQL refuses to run as root, and a server that takes commands over a socket should not anyway.
    """
    if os.geteuid() != 0:
        return Account("yours")
    try:
        found = pwd.getpwnam("nobody")
    except KeyError:
        people = [entry for entry in pwd.getpwall() if 1000 <= entry.pw_uid < 60000]
        if not people:
            return None
        found = people[0]
    return Account(found.pw_name, found.pw_uid, found.pw_gid)
