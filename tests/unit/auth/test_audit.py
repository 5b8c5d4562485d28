"""Decisions are found again: the latest in memory, denials also after a restart, never too many of either."""

from pathlib import Path

import msgspec
import pytest

from pileus.decisions import Decisions
from pileus.kernel.auth import audit
from pileus.kernel.auth.audit import AuditLog, DecisionRecord, Wish
from pileus.kernel.clock import MovableClock
from pileus.kernel.http.messages import Request
from pileus.kernel.storage.sqlite import SqliteStore, open_store


def record(number: int, *, allowed: bool, action: str = "dynamodb:GetItem", principal: str = "eve") -> DecisionRecord:
    return DecisionRecord(
        at_s=float(number),
        request_id=f"request-{number}",
        account_id="111122223333",
        principal=f"arn:aws:iam::111122223333:user/{principal}",
        action=action,
        resource="*",
        region="eu-west-1",
        source_ip="192.0.2.1",
        allowed=allowed,
    )


@pytest.fixture
async def store(tmp_path: Path) -> SqliteStore:
    return open_store(tmp_path, clock=MovableClock())


async def test_denials_outlive_the_process_and_are_bounded(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looks the next morning finds the denial; a flood of them does not fill the disk."""
    monkeypatch.setattr(audit, "DENIALS_KEPT", 3)
    log = AuditLog(store)
    for number in range(5):
        await log.note(record(number, allowed=False))
    await log.note(record(5, allowed=True))
    later = AuditLog(store)
    await later.note(record(6, allowed=False))
    assert [found.request_id for found in await later.find(Wish(), limit=10)] == [
        "request-6",
        "request-4",
        "request-3",
    ]
    assert await later.find(Wish(allowed=True), limit=10) == []
    assert len(await log.find(Wish(), limit=10)) == 7
    await store.close()


async def test_strangers_push_nobody_out(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever may send requests without being anybody must not be able to empty the log of what others did."""
    monkeypatch.setattr(audit, "OUTSIDERS_KEPT", 2)
    log = AuditLog(store)
    await log.note(record(0, allowed=False))
    for number in range(1, 9):
        await log.note(
            msgspec.structs.replace(record(number, allowed=False), account_id="", principal="sns.amazonaws.com")
        )
    await log.note(record(9, allowed=False))
    found = await AuditLog(store).find(Wish(), limit=10)
    assert [each.request_id for each in found] == ["request-9", "request-8", "request-7", "request-0"]
    await store.close()


async def test_wishes(store: SqliteStore) -> None:
    """Any part of a name, in any case; one request has several decisions."""
    log = AuditLog(store)
    await log.note(record(1, allowed=True))
    await log.note(record(1, allowed=False, action="iam:PassRole"))
    await log.note(record(2, allowed=True, principal="adam"))
    assert len(await log.find(Wish(request_id="request-1"), limit=10)) == 2
    assert len(await log.find(Wish(action="PASSROLE"), limit=10)) == 1
    assert len(await log.find(Wish(principal="user/a"), limit=10)) == 1
    assert len(await log.find(Wish(resource="*"), limit=10)) == 3
    assert await log.find(Wish(resource="elsewhere"), limit=10) == []
    assert len(await log.find(Wish(), limit=2)) == 2
    assert [found.at_s for found in await log.find(Wish(), limit=10)] == [2.0, 1.0, 1.0]
    await store.close()


@pytest.mark.parametrize(
    ("method", "query", "status"),
    [
        ("GET", "", 200),
        ("GET", "allowed=false&limit=1&principal=eve&action=Get&request_id=r", 200),
        ("GET", "allowed=perhaps", 400),
        ("GET", "limit=0", 400),
        ("GET", "limit=1000000000000000000000", 400),
        ("GET", "limit=%C2%B2", 400),
        ("GET", "who=eve", 400),
        ("POST", "", 405),
    ],
)
async def test_the_page(store: SqliteStore, method: str, query: str, status: int) -> None:
    """A filter that is misspelt must not look like an empty log."""
    log = AuditLog(store)
    await log.note(record(1, allowed=False))
    answer = await Decisions(log)(Request(method=method, target=f"/_pileus/decisions?{query}", headers={}))
    assert answer.status == status
    await store.close()
