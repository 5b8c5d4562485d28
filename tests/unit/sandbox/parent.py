"""A stand-in for Pileus, to be killed: takes cells, starts something in one, says so, and waits."""

import asyncio
import os
import sys

from pileus.kernel.sandbox.cell import Order
from pileus.kernel.sandbox.sandbox import Sandbox


async def main(*, contain: bool, frozen: bool) -> None:
    sandbox = Sandbox(contain=contain)
    cell = await sandbox.take()
    forks = "trap '' HUP TERM INT; (sleep 600 &) ; (setsid sleep 600 &) ; echo started; while :; do sleep 1; done"
    order = Order(environment={"PATH": "/usr/bin:/bin"}, directory="/tmp", execute=["/bin/sh", "-c", forks])
    cell.configure(order, memory_bytes=64 << 20)
    os.set_blocking(cell.output, True)
    await asyncio.to_thread(os.read, cell.output, 100)
    if frozen:
        cell.freeze()
    print("started", flush=True)
    await asyncio.sleep(600)


asyncio.run(main(contain=sys.argv[1] == "contained", frozen=sys.argv[2:] == ["frozen"]))
