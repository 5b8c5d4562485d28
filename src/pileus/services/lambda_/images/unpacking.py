"""How does a layer become files?

A layer is a tar archive of what it adds to those below, and of marks for what it takes away ("whiteouts"). It is taken
for hostile:

- names are taken apart here, and every folder on the way is looked at: a link in one leads to where it would lead if
  the image's root were the root of everything, never outside. Nobody else writes there meanwhile.
- nothing is opened that was there before: what a file, link or folder replaces is removed first, and files are created
  exclusively. So nothing is written through a link.
- a hard link must lead to a file of the image.
- devices, sockets and pipes are left out; set-user-ID and set-group-ID bits and owners are dropped: all files belong to
  Pileus, who can always read and remove them.
- sizes and numbers are counted while reading (`Budget`), headers apart, since a header may claim to be of any length.

Source: OCI Image Format Specification 1.1, "Image Layer Filesystem Changeset".
"""

import errno
import os
import shutil
import stat
import tarfile
from collections.abc import Iterator
from typing import Final

from pileus.services.lambda_.images.repositories import Readable

_WHITEOUT: Final = ".wh."
_OPAQUE: Final = ".wh..wh..opq"
_LINKS_MAX: Final = 40
"""On the way to one file, as of Linux."""
_HEADERS_BYTES_MAX: Final = 1024 * 1024
"""Of one file: extended attributes and long names are read into memory."""
_DEPTH_MAX: Final = 256
"""Folders within folders."""
_FOLDER_MODE: Final = 0o755
_MOMENT_S_MAX: Final = 1 << 33
_COPY_BYTES: Final = 256 * 1024
_BAD_NAMES: Final = frozenset(
    (errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL, errno.EMLINK, errno.ENOTDIR, errno.ELOOP)
)
"""What the system answers when an archive's own names are the trouble, and not the disk."""


class Hostile(Exception):
    """The layer is damaged, or tries what no layer needs; says what."""


class TooMuch(Exception):
    """The image is larger than images may be."""


class Budget:
    """What the layers of one image may hold together."""

    def __init__(self, *, bytes_max: int, files_max: int) -> None:
        self._left_bytes = bytes_max
        self._left_files = files_max

    def take(self, size_bytes: int) -> None:
        self._left_bytes -= size_bytes
        if self._left_bytes < 0:
            raise TooMuch

    def take_file(self) -> None:
        self._left_files -= 1
        if self._left_files < 0:
            raise TooMuch


def unpack(layer: Readable, root: str, budget: Budget) -> None:
    """Apply an unpacked layer to the files below `root`, a real path. Hostile, TooMuch; OSError is the disk's."""
    measured = _Measured(layer, budget)
    try:
        with tarfile.open(fileobj=measured, mode="r|", errorlevel=2) as archive:  # type: ignore[call-overload]
            _Tree(root).apply(_members(archive, measured), archive, measured)
        while data := measured.read(_COPY_BYTES):  # it counts for the digest
            if data.strip(b"\0"):
                raise Hostile("something follows the archive")
    except (tarfile.TarError, UnicodeError, ValueError, OverflowError, RecursionError) as wrong:
        raise Hostile(str(wrong) or type(wrong).__name__) from None
    except OSError as failure:
        if failure.errno in _BAD_NAMES:
            raise Hostile(str(failure.strerror)) from None
        raise


class _Measured:
    """What tarfile reads from. headers: whether it is reading about files rather than them."""

    def __init__(self, readable: Readable, budget: Budget) -> None:
        self._readable = readable
        self.budget = budget
        self._left_bytes = _HEADERS_BYTES_MAX
        self.headers = True

    def read(self, size: int = -1, /) -> bytes:
        data = self._readable.read(size)
        self.budget.take(len(data))
        if self.headers:
            self._left_bytes -= len(data)
            if self._left_bytes < 0:
                raise Hostile("the header of a file is too long")
        return data

    def next_header(self) -> None:
        self._left_bytes = _HEADERS_BYTES_MAX
        self.headers = True


def _members(archive: tarfile.TarFile, measured: _Measured) -> Iterator[tarfile.TarInfo]:
    measured.next_header()
    while (member := archive.next()) is not None:
        archive.members = []  # type: ignore[attr-defined]  # where it would keep all of them
        measured.headers = False
        measured.budget.take_file()
        yield member
        measured.next_header()
    measured.headers = False


class _Tree:
    """The files below `root`. fresh: what this layer has made or named, which its own whiteouts do not touch."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._fresh: set[str] = set()

    def apply(self, members: Iterator[tarfile.TarInfo], archive: tarfile.TarFile, measured: _Measured) -> None:
        for member in members:
            names = _names(member.name)
            if not names:
                continue  # the root itself
            folder = self._folder(names[:-1], make=not names[-1].startswith(_WHITEOUT))
            if names[-1].startswith(_WHITEOUT):
                if folder is not None:
                    self._white_out(folder, names[-1])
                continue
            assert folder is not None
            path = f"{folder}/{names[-1]}"
            if self._make(member, path, archive):
                self._remember(path)

    def _make(self, member: tarfile.TarInfo, path: str, archive: tarfile.TarFile) -> bool:
        """Whether something has been made there."""
        if member.isdir():
            if not is_folder(path):
                remove(path)
                os.mkdir(path)
            os.chmod(path, (member.mode & 0o777) | 0o700)
        elif member.isreg():
            remove(path)
            self._write(member, path, archive)
        elif member.issym():
            remove(path)
            os.symlink(member.linkname, path)
        elif member.islnk():
            self._link(member.linkname, path)
        else:
            return False
        return True

    def _write(self, member: tarfile.TarInfo, path: str, archive: tarfile.TarFile) -> None:
        source = None if member.issparse() else archive.extractfile(member)
        if source is None:
            raise Hostile("a sparse file")
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as file:
            left_bytes = member.size
            while left_bytes > 0:
                data = source.read(min(left_bytes, _COPY_BYTES))
                if not data:
                    raise Hostile("it ends too soon")
                file.write(data)
                left_bytes -= len(data)
            os.fchmod(file.fileno(), (member.mode & 0o777) | 0o600)
        # Python believes what it has compiled by the moment of the source.
        moment_s = max(0, min(int(member.mtime), _MOMENT_S_MAX))
        os.utime(path, (moment_s, moment_s), follow_symlinks=False)

    def _link(self, target: str, path: str) -> None:
        names = _names(target)
        folder = self._folder(names[:-1], make=False) if names else None
        source = f"{folder}/{names[-1]}" if folder is not None else ""
        if not source or not os.path.lexists(source) or is_folder(source):
            raise Hostile("a hard link leads to nothing")
        if source != path:
            remove(path)
            os.link(source, path, follow_symlinks=False)

    def _white_out(self, folder: str, name: str) -> None:
        """Take away what layers below have there."""
        if name == _OPAQUE:
            self._prune(folder)
            return
        hidden = name.removeprefix(_WHITEOUT)
        if hidden in ("", ".", "..") or hidden.startswith(_WHITEOUT):
            return  # `.wh..wh.plnk` and the like, which other tools leave behind
        path = f"{folder}/{hidden}"
        if path not in self._fresh:
            remove(path)
        elif is_folder(path):
            self._prune(path)

    def _prune(self, folder: str) -> None:
        for entry in list(os.scandir(folder)):
            if entry.path not in self._fresh:
                remove(entry.path)
            elif entry.is_dir(follow_symlinks=False):
                self._prune(entry.path)

    def _folder(self, names: list[str], *, make: bool) -> str | None:
        """Where a folder of the image really is; None where it is not. make: make it, in place of a file if need be."""
        waiting, path, followed = list(reversed(names)), self._root, 0
        while waiting:
            name = waiting.pop()
            if name == "..":
                path = path if path == self._root else os.path.dirname(path)
                continue
            path = f"{path}/{name}"
            try:
                mode = os.lstat(path).st_mode
            except FileNotFoundError:
                mode = 0
            if stat.S_ISLNK(mode):
                followed += 1
                if followed > _LINKS_MAX:
                    raise Hostile("links lead in a circle")
                target = os.readlink(path)
                path = self._root if target.startswith("/") else os.path.dirname(path)
                waiting.extend(part for part in reversed(target.split("/")) if part not in ("", "."))
            elif not stat.S_ISDIR(mode):
                if not make:
                    return None
                remove(path)
                os.mkdir(path)
                os.chmod(path, _FOLDER_MODE)
        if path.count("/") - self._root.count("/") > _DEPTH_MAX:
            raise Hostile("folders are too deep")
        return path

    def _remember(self, path: str) -> None:
        while path != self._root and path not in self._fresh:
            self._fresh.add(path)
            path = os.path.dirname(path)


def _names(name: str) -> list[str]:
    """The parts of a name in an archive; Hostile when it would climb."""
    if "\0" in name:
        raise Hostile("a name with a zero in it")
    names = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in names:
        raise Hostile("a name climbs out of the image")
    return names


def is_folder(path: str) -> bool:
    """Itself, rather than what it leads to."""
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def remove(path: str) -> None:
    """Whatever is there, itself and not what it leads to."""
    if is_folder(path):
        shutil.rmtree(path)
        return
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
