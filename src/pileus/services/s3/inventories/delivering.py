"""How does a list of a bucket's objects come to its destination?

Data files first, the manifest last, so that whoever finds a manifest finds all that it names. A list of any length is
gathered in files without names, and never whole in memory.

Source: S3 User Guide, "Locating your inventory list".
"""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import md5
from typing import IO, Final, Protocol

from pileus.kernel.ids import Ids
from pileus.services.s3.inventories.columns import Column, Listed, columns_of, schema_text
from pileus.services.s3.inventories.files import CONTENT_TYPES, SUFFIXES, check_format, list_writer
from pileus.services.s3.shapes import InventoryConfiguration

ROWS_MAX: Final = 3_000_000
"""Of one data file; ours: AWS splits long lists too, and does not say where."""
_BATCH_ROWS: Final = 2_000
_READ_BYTES: Final = 256 * 1024
_HOUR: Final = 1
"""Lists begin at 01:00 UTC, as the names of real ones show (`2024-12-24T01-00Z`)."""
_SUNDAY: Final = 6


class InventoryListing(Protocol):
    """The objects of the bucket that is listed."""

    def versions(self, *, prefix: str, all_versions: bool) -> AsyncIterator[Sequence[Listed]]:
        """In the order of keys, newest first, a page at a time. all_versions: with noncurrent ones and markers."""
        ...


class InventoryDestination(Protocol):
    """The bucket where lists are kept, written to as S3 itself, with the encryption that the configuration asks for."""

    async def put(self, key: str, body: AsyncIterator[bytes], *, size_bytes: int, content_type: str) -> None: ...


@dataclass(frozen=True, slots=True)
class DataFile:
    key: str
    size_bytes: int
    md5: str


async def write_inventory(
    configuration: InventoryConfiguration,
    *,
    source_bucket: str,
    listing: InventoryListing,
    destination: InventoryDestination,
    now: datetime,
    ids: Ids,
) -> str:
    """Write one list; gives the key of its manifest. NotImplementedByPileus, and what listing and destination raise.

    now: when the list was begun, which its name tells.
    """
    target = configuration.destination.s3_bucket_destination
    check_format(target.format)
    columns = columns_of(configuration)
    home = _home(configuration, source_bucket)
    files: list[DataFile] = []
    batches = listing.versions(
        prefix=configuration.filter.prefix if configuration.filter is not None else "",
        all_versions=configuration.included_object_versions == "All",
    )
    async for rows in _files(batches):
        with tempfile.TemporaryFile() as file:
            found = await _gathered(file, rows, columns, target.format, source_bucket)
            if not found:
                break
            key = f"{home}/data/{ids.uuid()}{SUFFIXES[target.format]}"
            size_bytes, digest = await asyncio.to_thread(_measured, file)
            files.append(DataFile(key, size_bytes, digest))
            await destination.put(key, _read(file), size_bytes=size_bytes, content_type=CONTENT_TYPES[target.format])
    return await _publish(configuration, source_bucket, files, columns, destination, now)


async def _files(batches: AsyncIterator[Sequence[Listed]]) -> AsyncIterator[AsyncIterator[Sequence[Listed]]]:
    """The batches of each file, to be read to their end before the next one."""
    ended = False

    async def of_one_file() -> AsyncIterator[Sequence[Listed]]:
        nonlocal ended
        count = 0
        while count < ROWS_MAX:
            rows = await anext(batches, None)
            if rows is None:
                ended = True
                return
            count += len(rows)
            yield rows

    while not ended:
        yield of_one_file()


async def _gathered(
    file: IO[bytes],
    batches: AsyncIterator[Sequence[Listed]],
    columns: tuple[Column, ...],
    format_name: str,
    source_bucket: str,
) -> bool:
    """Whether there was anything to write."""
    writer = list_writer(format_name, file, columns, source_bucket)
    waiting: list[Listed] = []
    found = False
    async for rows in batches:
        found = found or bool(rows)
        waiting += rows
        if len(waiting) >= _BATCH_ROWS:
            await asyncio.to_thread(writer.add, waiting)
            waiting = []
    if waiting:
        await asyncio.to_thread(writer.add, waiting)
    await asyncio.to_thread(writer.close)
    return found


def _measured(file: IO[bytes]) -> tuple[int, str]:
    digest = md5(usedforsecurity=False)
    file.seek(0)
    while piece := file.read(_READ_BYTES):
        digest.update(piece)
    return file.tell(), digest.hexdigest()


async def _read(file: IO[bytes]) -> AsyncIterator[bytes]:
    file.seek(0)
    while piece := await asyncio.to_thread(file.read, _READ_BYTES):
        yield piece


async def _publish(
    configuration: InventoryConfiguration,
    source_bucket: str,
    files: Sequence[DataFile],
    columns: tuple[Column, ...],
    destination: InventoryDestination,
    now: datetime,
) -> str:
    """Symbolic links for Hive, the checksum, and what makes the list one: its manifest."""
    target = configuration.destination.s3_bucket_destination
    home = _home(configuration, source_bucket)
    at = now.astimezone(UTC)
    manifest = manifest_of(source_bucket, target.bucket, target.format, columns, files, now=at)
    folder = f"{home}/{at:%Y-%m-%dT%H-%MZ}"
    links = "\n".join(f"s3://{target.bucket.rpartition(':')[2]}/{file.key}" for file in files)
    checksum = md5(manifest, usedforsecurity=False).hexdigest()
    await _put(destination, f"{home}/hive/dt={at:%Y-%m-%d-%H-%M}/symlink.txt", links.encode(), "text/plain")
    await _put(destination, f"{folder}/manifest.checksum", checksum.encode(), "text/plain")
    await _put(destination, f"{folder}/manifest.json", manifest, "application/json")
    return f"{folder}/manifest.json"


async def _put(destination: InventoryDestination, key: str, data: bytes, content_type: str) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield data

    await destination.put(key, body(), size_bytes=len(data), content_type=content_type)


def manifest_of(
    source_bucket: str,
    destination_arn: str,
    format_name: str,
    columns: tuple[Column, ...],
    files: Sequence[DataFile],
    *,
    now: datetime,
) -> bytes:
    """`manifest.json`; its spaces are those of real ones."""
    tree = {
        "sourceBucket": source_bucket,
        "destinationBucket": destination_arn,
        "version": "2016-11-30",
        "creationTimestamp": str(int(now.timestamp()) * 1000),
        "fileFormat": format_name,
        "fileSchema": schema_text(columns, format_name),
        "files": [{"key": file.key, "size": file.size_bytes, "MD5checksum": file.md5} for file in files],
    }
    return json.dumps(tree, indent=2, separators=(",", " : ")).encode()


def _home(configuration: InventoryConfiguration, source_bucket: str) -> str:
    prefix = configuration.destination.s3_bucket_destination.prefix
    return f"{prefix}/{source_bucket}/{configuration.id}" if prefix else f"{source_bucket}/{configuration.id}"


def next_due(frequency: str, after: datetime) -> datetime:
    """When the first list after a moment is begun; weekly ones on Sundays.

    Source: S3 User Guide, "Cataloging and analyzing your data with S3 Inventory": weekly reports on Sundays (UTC).
    """
    at = after.astimezone(UTC)
    due = at.replace(hour=_HOUR, minute=0, second=0, microsecond=0)
    if due <= at:
        due += timedelta(days=1)
    while frequency == "Weekly" and due.weekday() != _SUNDAY:
        due += timedelta(days=1)
    return due
