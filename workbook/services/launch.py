"""From a program on disk to a server that is ready, or one sentence about why not."""

from __future__ import annotations

from collections.abc import Callable

from workbook.services.account import Account
from workbook.services.errors import ServiceError
from workbook.services.folder import Folder, NoPlaceError, make_folder
from workbook.services.server import OutOfReachError, Server


def launch(
    service: str,
    account: Account,
    otherwise: str,
    room: int,
    build: Callable[[Folder], Server],
    copy: Callable[[Server], None],
) -> Server:
    """Build a server in a new folder with `room` bytes and start it; `copy` moves its programs there if need be.

    That is so in an environment under a closed home folder, which the account may not enter. Raises
    ServiceError, with `otherwise` as what to do instead, and leaves nothing behind then.
    """
    try:
        folder = make_folder(service.lower(), account, room)
    except (NoPlaceError, OSError) as error:
        problem = f"found no place for its data ({error})"
        raise ServiceError(service, problem, f"set TMPDIR to a folder that will do, {otherwise}") from None
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
            raise ServiceError(
                service, problem, f"make room there or set TMPDIR to a larger disk, {otherwise}"
            ) from None
        raise
    return server
