"""How is the database's file opened, so that the engine can rely on it?"""

from pathlib import Path
from typing import Final, Literal

import apsw

Durability = Literal["process", "full"]

CACHE_KIB: Final = 8 * 1024
"""SQLite's page cache. 2 to 16 MiB differ by 15 % in random gets over 1 M rows; idle memory is worth more."""

WAL_BYTES_KEPT: Final = 64 * 1024 * 1024
"""A WAL that grew longer under load is cut back when it starts over."""

BUSY_TIMEOUT_MS: Final = 2_000
"""Only a foreign tool (the sqlite3 shell) can hold the write lock; it gets this long."""

_SCHEMA: Final = """
    CREATE TABLE IF NOT EXISTS kv(key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""


def connect(path: Path, *, durability: Durability, vfs: str | None) -> apsw.Connection:
    """The one connection, ready for use; creates file and tables when they are absent."""
    connection = apsw.Connection(str(path), vfs=vfs)
    try:
        connection.set_busy_timeout(BUSY_TIMEOUT_MS)
        if vfs is not None:
            connection.pragma("locking_mode", "EXCLUSIVE")
        mode = connection.pragma("journal_mode", "WAL")
        assert mode == "wal", f"{path} cannot have a write-ahead log: journal mode is {mode}"
        connection.pragma("synchronous", "FULL" if durability == "full" else "NORMAL")
        connection.pragma("fullfsync", durability == "full")  # macOS: fsync alone leaves bytes in the drive
        connection.pragma("cache_size", -CACHE_KIB)
        connection.pragma("journal_size_limit", WAL_BYTES_KEPT)
        connection.execute(_SCHEMA)
    except BaseException:
        connection.close()
        raise
    return connection
