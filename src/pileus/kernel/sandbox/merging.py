"""How do several folders become one where nothing can be mounted?

As a folder of hard links, made once for every combination: links of files that nobody changes are as good as copies,
and cost next to nothing. `layers` does it where there are mounts.
"""

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pileus.kernel.sandbox.layers import is_folder


def merged(folders: Sequence[Path], cache: Path) -> Path:
    """A folder with the content of `folders`: the only one of them, or one below `cache`, made at the first time.

    Of files of the same name that of the later folder counts. Blocks: linking a large layer takes a while.
    """
    if len(folders) == 1:
        return folders[0]
    names = "\0".join(str(folder) for folder in folders)
    made = cache / hashlib.sha256(names.encode()).hexdigest()
    if made.exists():
        return made
    cache.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix="new-", dir=cache))
    try:
        temporary.chmod(0o755)
        for folder in folders:
            _link(str(folder), str(temporary))
        temporary.rename(made)
    except OSError:
        shutil.rmtree(temporary, ignore_errors=True)
        if not made.exists():  # somebody else may have been quicker
            raise
    return made


def _link(source: str, target: str) -> None:
    for entry in os.scandir(source):
        place = f"{target}/{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            if not is_folder(place):
                _remove(place)
                os.mkdir(place, 0o755)
            _link(entry.path, place)
            continue
        _remove(place)
        if entry.is_symlink():
            os.symlink(os.readlink(entry.path), place)
            continue
        try:
            os.link(entry.path, place)
        except OSError:  # another file system, or one without links
            shutil.copy2(entry.path, place)


def _remove(path: str) -> None:
    if is_folder(path):
        shutil.rmtree(path)
    else:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
