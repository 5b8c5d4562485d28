"""Transactions: their own view, all or nothing, and as if one came after the other."""

# ruff: noqa: PT012 - it is a whole transaction that raises, at its end

import asyncio

import pytest

from pileus.kernel.storage import transactions
from pileus.kernel.storage.seam import KEY_BYTES_MAX, Event, Store, Transaction, TransactionConflict
from pileus.kernel.storage.sqlite import ATTEMPTS_MAX, SqliteStore


async def put(store: Store, *keys: bytes, value: bytes = b"v") -> None:
    """Commit these keys as somebody else."""
    async with store.transaction() as tx:
        for key in keys:
            tx.set(key, value)


async def test_it_is_a_store(store: SqliteStore) -> None:
    """The engine has the seam's shape (checked by mypy), and starts empty."""
    seam: Store = store
    assert await seam.snapshot().range(b"\x00", b"\xff") == []
    assert await seam.snapshot().get_many([b"a", b"b"]) == [None, None]


async def test_a_transaction_sees_its_own_writes(store: SqliteStore) -> None:
    """Reads inside follow the order of the body, not what is on disk."""
    await put(store, b"a", b"b", b"c", b"d")
    async with store.transaction() as tx:
        tx.set(b"a", b"2")
        tx.clear(b"b")
        assert await tx.get_many([b"a", b"b", b"c"]) == [b"2", None, b"v"]
        tx.clear_range(b"a", b"d")
        assert await tx.get_many([b"a", b"b", b"c", b"d"]) == [None, None, None, b"v"]
        tx.set(b"c", b"")
        assert await tx.get(b"c") == b""
        assert await tx.range(b"a", b"z") == [(b"c", b""), (b"d", b"v")]
    assert await store.snapshot().range(b"a", b"z") == [(b"c", b""), (b"d", b"v")]


@pytest.mark.parametrize(
    ("limit", "reverse", "keys"),
    [
        (0, False, [b"0", b"a", b"bb", b"d", b"z"]),
        (0, True, [b"z", b"d", b"bb", b"a", b"0"]),
        (3, False, [b"0", b"a", b"bb"]),
        (3, True, [b"z", b"d", b"bb"]),
        (1, True, [b"z"]),
        (5, False, [b"0", b"a", b"bb", b"d", b"z"]),
        (9, False, [b"0", b"a", b"bb", b"d", b"z"]),
    ],
)
async def test_a_range_is_merged_with_own_writes(
    store: SqliteStore, limit: int, reverse: bool, keys: list[bytes]
) -> None:
    """Before, between, over and after what is on disk, in both directions, and the limit counts what remains."""
    await put(store, b"a", b"b", b"c", b"d")
    async with store.transaction() as tx:
        for key in (b"0", b"bb", b"z"):
            tx.set(key, b"own")
        tx.set(b"d", b"own")
        tx.clear(b"b")
        tx.clear_range(b"c", b"d")
        pairs = await tx.range(b"0", b"\xff", limit=limit, reverse=reverse)
        assert [key for key, _ in pairs] == keys
        assert dict(pairs).get(b"d", b"own") == b"own"


async def test_a_body_that_raises_leaves_nothing(store: SqliteStore) -> None:
    """Half a transaction is never there, not even for a moment."""
    with pytest.raises(KeyError):
        async with store.transaction() as tx:
            tx.set(b"a", b"1")
            assert await store.snapshot().get(b"a") is None
            raise KeyError
    assert await store.snapshot().get(b"a") is None
    assert not store.gate.closed


async def test_later_transactions_see_the_open_group(store: SqliteStore) -> None:
    """A commit is visible to everybody in the process before it is durable."""
    await put(store, b"a")
    assert store.gate.closed
    async with store.transaction() as tx:
        assert await tx.get(b"a") == b"v"
    assert await store.snapshot().get(b"a") == b"v"


@pytest.mark.parametrize("reading", ["get", "get_many", "range", "limited", "absent"])
async def test_what_was_read_and_then_changed_conflicts(store: SqliteStore, reading: str) -> None:
    """Two that read and write the same must not both succeed on the old value."""
    await put(store, b"a", b"m")
    with pytest.raises(TransactionConflict):
        async with store.transaction() as tx:
            match reading:
                case "get":
                    await tx.get(b"a")
                case "get_many":
                    await tx.get_many([b"x", b"a"])
                case "range":
                    await tx.range(b"0", b"b")
                case "limited":
                    await tx.range(b"a", b"z", limit=1)
                case _:
                    await tx.get(b"0")
            await put(store, b"a" if reading != "absent" else b"0", value=b"2")
            tx.set(b"mine", b"1")
    assert await store.snapshot().get(b"mine") is None


@pytest.mark.parametrize("key", [b"absent", b"a"])
async def test_a_cleared_range_conflicts_with_reads_in_it(store: SqliteStore, key: bytes) -> None:
    """Also where nothing was: somebody said that it shall be empty."""
    await put(store, b"a")
    for by_range in (False, True):
        with pytest.raises(TransactionConflict):
            async with store.transaction() as tx:
                _ = await tx.range(key, key + b"\x00") if by_range else await tx.get(key)
                async with store.transaction() as other:
                    other.clear_range(b"a", b"b")


async def test_a_limited_range_conflicts_only_in_what_it_saw(store: SqliteStore) -> None:
    """The first page of a long list does not depend on the last."""
    await put(store, b"a", b"b", b"c", b"d")
    async with store.transaction() as tx:
        await tx.range(b"a", b"z", limit=2)
        await tx.range(b"a", b"z", limit=1, reverse=True)
        await put(store, b"c", value=b"2")
        tx.set(b"mine", b"1")
    with pytest.raises(TransactionConflict):
        async with store.transaction() as tx:
            await tx.range(b"a", b"z", limit=1, reverse=True)
            await put(store, b"y")


async def test_others_elsewhere_do_not_conflict(store: SqliteStore) -> None:
    """Blind writes, and reads of other keys, pass."""
    await put(store, b"a")
    async with store.transaction() as tx:
        assert await tx.get(b"a") == b"v"
        await put(store, b"b")
        assert await tx.get(b"b") == b"v", "it moves up to the newer version, where its reads still hold"
        tx.set(b"c", b"1")
        await put(store, b"c", value=b"2")
    assert await store.snapshot().get(b"c") == b"1"


async def test_a_body_never_sees_half_of_another(store: SqliteStore) -> None:
    """The conflict is told at the read that would mix two versions, not after the body acted on the mix."""
    await put(store, b"a", b"b", value=b"1")
    with pytest.raises(TransactionConflict):
        async with store.transaction() as tx:
            first = await tx.get(b"a")
            await put(store, b"a", b"b", value=b"2")
            second = await tx.get(b"b")
            pytest.fail(f"saw {first!r} and {second!r}")


async def test_a_read_only_transaction_is_validated_too(store: SqliteStore) -> None:
    """Its answer would rest on something that was not true at its end."""
    with pytest.raises(TransactionConflict):
        async with store.transaction() as tx:
            await tx.get(b"a")
            await put(store, b"a")


async def test_who_is_older_than_the_history_conflicts(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The history is bounded; what it has forgotten counts as touched."""
    monkeypatch.setattr(transactions, "HISTORY_COMMITS_MAX", 3)
    for commits, conflicts in ((3, False), (4, True)):
        tx = store.transaction()
        await tx.__aenter__()
        await tx.get(b"a")
        for n in range(commits):
            await put(store, b"other%d" % n)
        if conflicts:
            with pytest.raises(TransactionConflict):
                await tx.__aexit__(None, None, None)
        else:
            await tx.__aexit__(None, None, None)


async def test_the_history_is_dropped_when_nobody_asks(store: SqliteStore) -> None:
    """Memory does not grow with the number of commits."""
    async with store.transaction():
        for n in range(10):
            await put(store, b"%d" % n)
    await put(store, b"last")
    assert not store._history._commits
    assert store._history.open == 0


async def test_run_repeats_until_nobody_interferes(store: SqliteStore) -> None:
    """Concurrent increments of one counter all count."""

    async def increment(tx: Transaction) -> int:
        value = int(await tx.get(b"n") or b"0") + 1
        await asyncio.sleep(0)
        tx.set(b"n", b"%d" % value)
        return value

    results = await asyncio.gather(*(store.run(increment) for _ in range(20)))
    assert sorted(results) == list(range(1, 21))


async def test_run_gives_up(store: SqliteStore) -> None:
    """A body that always conflicts ends with the conflict, not never."""
    attempts = 0

    async def unlucky(tx: Transaction) -> None:
        nonlocal attempts
        attempts += 1
        await tx.get(b"a")
        await put(store, b"a", value=b"%d" % attempts)

    with pytest.raises(TransactionConflict):
        await store.run(unlucky)
    assert attempts == ATTEMPTS_MAX


async def test_keys_are_bounded(store: SqliteStore) -> None:
    """The largest key works, one byte more is our bug, and so is none."""
    await put(store, b"k" * KEY_BYTES_MAX)
    for key in (b"", b"k" * (KEY_BYTES_MAX + 1)):
        with pytest.raises(AssertionError):
            await put(store, key)


async def test_a_finished_transaction_takes_no_writes(store: SqliteStore) -> None:
    """A write after the end would be lost in silence."""
    async with store.transaction() as tx:
        pass
    with pytest.raises(AssertionError):
        tx.set(b"a", b"")
    with pytest.raises(AssertionError):
        tx.clear(b"a")
    with pytest.raises(AssertionError):
        tx.clear_range(b"a", b"b")
    with pytest.raises(AssertionError):
        tx.emit(Event(topic="t", payload=b""))
