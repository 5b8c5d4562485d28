"""Where is that kept?

Below `(sns, ACCOUNT, REGION)`: `(sms-settings)`, `(sms-opt, NUMBER)` and `(sms-sandbox, NUMBER)`; whoever opted out is
found by `(sms-out, NUMBER)`, too, which is what lists read.
"""

from pileus.kernel.storage.keys import Subspace, after
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.sns.sms.records import OptOut, SandboxNumber, SmsSettings


async def sms_settings(snapshot: Snapshot, space: Subspace) -> SmsSettings:
    value = await snapshot.get(space.pack("sms-settings"))
    return SmsSettings() if value is None else decode(value, SmsSettings)


def put_sms_settings(tx: Transaction, space: Subspace, settings: SmsSettings) -> None:
    tx.set(space.pack("sms-settings"), encode(settings))


async def opt_out(snapshot: Snapshot, space: Subspace, number: str) -> OptOut:
    value = await snapshot.get(space.pack("sms-opt", number))
    return OptOut() if value is None else decode(value, OptOut)


def put_opt_out(tx: Transaction, space: Subspace, number: str, record: OptOut) -> None:
    tx.set(space.pack("sms-opt", number), encode(record))
    if record.out:
        tx.set(space.pack("sms-out", number), b"")
    else:
        tx.clear(space.pack("sms-out", number))


async def list_opted_out(snapshot: Snapshot, space: Subspace, *, beyond: str | None, limit: int) -> list[str]:
    """Numbers in their order. beyond: begin behind this one."""
    begin, end = space.range("sms-out")
    if beyond is not None:
        begin = after(space.pack("sms-out", beyond))
    pairs = await snapshot.range(begin, end, limit=limit)
    return [str(space.unpack(key)[1]) for key, _ in pairs]


async def sandbox_number(snapshot: Snapshot, space: Subspace, number: str) -> SandboxNumber | None:
    value = await snapshot.get(space.pack("sms-sandbox", number))
    return None if value is None else decode(value, SandboxNumber)


def put_sandbox_number(tx: Transaction, space: Subspace, record: SandboxNumber) -> None:
    tx.set(space.pack("sms-sandbox", record.phone_number), encode(record))


def clear_sandbox_number(tx: Transaction, space: Subspace, number: str) -> None:
    tx.clear(space.pack("sms-sandbox", number))


async def list_sandbox_numbers(
    snapshot: Snapshot, space: Subspace, *, beyond: str | None = None, limit: int
) -> list[SandboxNumber]:
    """In order of the numbers. beyond: begin behind this one."""
    begin, end = space.range("sms-sandbox")
    if beyond is not None:
        begin = after(space.pack("sms-sandbox", beyond))
    return [decode(value, SandboxNumber) for _, value in await snapshot.range(begin, end, limit=limit)]
