"""What must be in an image's files so that a cell can have them as its root?

Folders for what is mounted there (`kernel.sandbox.roots`), files for the machine's name resolution, and the user that
functions run as, who has a home directory by name, as on Lambda. What an image has instead of these folders and files,
such as links, is replaced: it would be covered anyway.
"""

import os
import stat
from typing import Final

from pileus.kernel.sandbox.roots import FILES, REQUIRED
from pileus.kernel.sandbox.sandbox import GROUP_ID, USER_ID
from pileus.services.lambda_.images.unpacking import is_folder, remove

_MODE: Final = 0o755
_PASSWD_BYTES_MAX: Final = 1024 * 1024
_USER: Final = f"sbx_user1051:x:{USER_ID}:{GROUP_ID}::/home/sbx_user1051:/sbin/nologin\n"
"""As npm tells it in a function's log (aws/aws-lambda-base-images, issue 63)."""


def fit(root: str) -> None:
    """Make it so."""
    os.chmod(root, _MODE)
    for name in (*REQUIRED, "etc"):
        path = f"{root}/{name}"
        if not is_folder(path):
            remove(path)
            os.mkdir(path)
            os.chmod(path, _MODE)
    for name in FILES:
        path = f"{root}/{name}"
        if not _is_file(path):
            remove(path)
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644))
    _add_user(f"{root}/etc/passwd")


def _add_user(path: str) -> None:
    known = ""
    if os.path.lexists(path):
        if not _is_file(path) or os.lstat(path).st_size > _PASSWD_BYTES_MAX:
            return
        with open(path, errors="surrogateescape") as file:
            known = file.read()
        if any(line.split(":")[2:3] == [str(USER_ID)] for line in known.splitlines()):
            return
    if known and not known.endswith("\n"):
        known += "\n"
    # Another file: this one may have other names in the image.
    remove(path)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    with open(descriptor, "w", errors="surrogateescape") as file:
        os.fchmod(descriptor, 0o644)
        file.write(known + _USER)


def _is_file(path: str) -> bool:
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False
