"""From a program on disk to a server that is ready, or one sentence about why not."""

from __future__ import annotations

from collections.abc import Callable

from workbook.services.account import Account
from workbook.services.errors import ServiceError
from workbook.services.folder import Folder, make_folder
from workbook.services.server import OutOfReachError, Server


def launch(
    service: str,
    account: Account,
    otherwise: str,
    build: Callable[[Folder], Server],
    copy: Callable[[Server], None],
) -> Server:
    """Build a server in a new folder and start it; `copy` moves its programs there when that is needed.

    It is needed in an environment under a closed home folder, which the account may not enter. Raises
    ServiceError, with `otherwise` as what to do instead, and leaves nothing behind then.
    """
    try:
        folder = make_folder(service.lower(), account)
    except OSError as error:
        problem = f"found no room for its data ({error})"
        raise ServiceError(service, problem, f"set TMPDIR to a folder on another disk, {otherwise}") from None
    if folder is None:
        problem = f"needs a temporary folder with a short path that the account {account.name} may enter"
        raise ServiceError(service, problem, f"set TMPDIR to one, {otherwise}")
    server = None
    try:
        server = build(folder)
        try:
            server.start()
        except OutOfReachError:
            copy(server)
            server.start()
    except BaseException as error:
        if server is None:
            folder.remove()
        else:
            server.end()
        if isinstance(error, OutOfReachError):
            problem = f"may not be executed by the account {account.name} ({error})"
            advice = f"set TMPDIR to a folder on a disk that is not mounted noexec, {otherwise}"
            raise ServiceError(service, problem, advice) from None
        if isinstance(error, OSError):
            problem = f"could not be set up in {folder.path} ({error})"
            raise ServiceError(service, problem, f"make room there, {otherwise}") from None
        raise
    return server
