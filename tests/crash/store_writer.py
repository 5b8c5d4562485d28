"""A process that writes to a store until it is killed: `python -m tests.crash.store_writer DIRECTORY LIFE`.

Eight writers each number their entries by a counter in the store, and write every entry in two places, beside an event.
Once the gate lets an answer go, the entry's name goes to standard output, after a first line `opening`. The outbox
delivers the events meanwhile.
"""

import asyncio
import os
import sys
from pathlib import Path

from pileus.kernel.clock import MovableClock
from pileus.kernel.outbox import Delivery, Outbox
from pileus.kernel.storage.keys import Subspace
from pileus.kernel.storage.seam import Event, Store, Transaction
from pileus.kernel.storage.sqlite import open_store

WRITERS = 8

counters, entries, copies, delivered = (Subspace(name) for name in ("counter", "entry", "copy", "delivered"))


async def main(directory: Path, life: str) -> None:
    os.write(1, b"opening\n")
    clock = MovableClock()
    store = open_store(directory, clock=clock, pages_between_checkpoints=20)
    outbox = Outbox(store, clock)

    async def deliver(delivery: Delivery) -> None:
        async with store.transaction() as tx:
            tx.set(delivered.pack(delivery.event.payload), b"")

    outbox.subscribe("entries", deliver)
    async with asyncio.TaskGroup() as group:
        group.create_task(outbox.run())
        for writer in range(WRITERS):
            group.create_task(write_for_ever(store, writer, life))


async def write_for_ever(store: Store, writer: int, life: str) -> None:
    name = ""

    async def work(tx: Transaction) -> None:
        nonlocal name
        number = int(await tx.get(counters.pack(writer)) or b"0") + 1
        if number % 3 == writer % 3:
            await asyncio.sleep(0)  # let others come in between
        name = f"{life}-{writer}-{number}"
        tx.set(counters.pack(writer), b"%d" % number)
        tx.set(entries.pack(writer, number), name.encode())
        tx.set(copies.pack(writer, number), name.encode())
        tx.emit(Event(topic="entries", payload=name.encode(), group=str(writer) if writer % 2 else ""))

    while True:
        await store.run(work)
        await store.durable()
        os.write(1, f"{name}\n".encode())


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
