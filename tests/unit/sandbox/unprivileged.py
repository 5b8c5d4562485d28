"""Run by `test_sandbox` as a user without privileges: is a cell contained, and who is it in there?"""

import asyncio
import os

from pileus.kernel.sandbox.cell import Exit, Order
from pileus.kernel.sandbox.sandbox import Sandbox


async def main() -> None:
    sandbox = Sandbox()
    cell = await sandbox.take()
    ended: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
    cell.exited = ended.set_result
    script = "id -u; touch /etc/x 2>/dev/null || echo refused"
    order = Order(environment={"PATH": "/usr/bin:/bin"}, directory="/tmp", execute=["/bin/sh", "-c", script])
    cell.configure(order, memory_bytes=64 << 20)
    await ended
    print(sandbox.contained)
    print(os.read(cell.output, 1000).decode() if sandbox.contained else sandbox.reason)
    cell.close()
    await sandbox.close()
