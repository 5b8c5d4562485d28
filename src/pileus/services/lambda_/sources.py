"""Where does the code of a function or layer come from?

From the request, from an object in S3, or, for development, from a folder of this machine: `S3Bucket=hot-reload` with
the folder's absolute path as key. Then the folder itself is the package, and what is edited there counts from the next
invocation on. Whoever may do that may have any of the server's files read by a function, which is why a server that
authenticates does not offer it.
"""

import hashlib
import os
from pathlib import Path
from typing import Final, Protocol

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus, ServiceError
from pileus.services.lambda_.errors import InvalidParameterValueException
from pileus.services.lambda_.shapes import FunctionCode, LayerVersionContentInput, UpdateFunctionCodeRequest

HOT_RELOAD_BUCKET: Final = "hot-reload"

_NOT_BUILT: Final = ("source_kms_key_arn", "publish_to")
_UNWATCHED: Final = frozenset({".git", "__pycache__", "node_modules"})
"""Folders whose content is not looked through for edits: large, and hardly ever edited by hand."""

Code = FunctionCode | UpdateFunctionCodeRequest | LayerVersionContentInput


class ObjectReader(Protocol):
    """Reads objects for whoever asked for them: S3, as `app` provides it."""

    async def read(self, context: RequestContext, *, bucket: str, key: str, version: str | None) -> bytes:
        """Raises the ServiceError that S3 would answer."""
        ...


class Folder(msgspec.Struct, frozen=True):
    """A folder of this machine that is a package. sha256: of its path, which is all that stays the same."""

    path: Path

    @property
    def sha256(self) -> str:
        return hashlib.sha256(os.fsencode(self.path)).hexdigest()


async def source_of(
    code: Code, *, context: RequestContext, objects: ObjectReader | None, hot_reload: bool, within: str = ""
) -> bytes | Folder:
    """The archive that a request means, or the folder. within: the member of the request that `code` is."""
    _refuse_unbuilt(code, within)
    bucket, key = code.s3_bucket, code.s3_key
    if code.zip_file is not None:
        if bucket or key or (not isinstance(code, LayerVersionContentInput) and code.image_uri):
            raise InvalidParameterValueException(
                "Please do not provide other FunctionCode parameters when providing a ZipFile."
            )
        return code.zip_file
    if not bucket or not key:
        raise InvalidParameterValueException("Please provide a source for function code.")
    if bucket == HOT_RELOAD_BUCKET and hot_reload:
        return _folder(key)
    if objects is None:
        raise NotImplementedByPileus(f"{within}S3Bucket is not implemented")
    try:
        return await objects.read(context, bucket=bucket, key=key, version=code.s3_object_version)
    except ServiceError as error:
        raise InvalidParameterValueException(
            f"Error occurred while GetObject. S3 Error Code: {error.error_code}. S3 Error Message: {error.message}"
        ) from error


def fingerprint(folder: Path) -> str:
    """Something that changes whenever a file below is edited, added or removed."""
    seen = hashlib.blake2b(digest_size=8)
    waiting = [folder]
    while waiting:
        try:
            entries = sorted(os.scandir(waiting.pop()), key=lambda entry: entry.name)
        except OSError:  # gone since its parent was read
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in _UNWATCHED:
                    waiting.append(Path(entry.path))
                continue
            try:
                known = entry.stat()
            except OSError:
                continue
            seen.update(os.fsencode(entry.path) + b"%d %d\0" % (known.st_mtime_ns, known.st_size))
    return seen.hexdigest()


def _refuse_unbuilt(code: Code, within: str) -> None:
    for field in msgspec.structs.fields(code):
        if field.name in _NOT_BUILT and getattr(code, field.name):
            raise NotImplementedByPileus(f"{within}{field.encode_name} is not implemented")


def _folder(key: str) -> Folder:
    path = Path(key)
    if not path.is_absolute() or not path.is_dir():
        raise InvalidParameterValueException(
            f"Hot reload needs the absolute path of a folder on this machine as S3Key; {key} is none."
        )
    return Folder(path)
