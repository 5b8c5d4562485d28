"""Is every service there, and does one that nobody uses cost nothing?"""

import json
import subprocess
import sys
from pathlib import Path

from pileus import billing, decisions, prometheus
from pileus.app import Parts
from pileus.composition.foundation import Foundation
from pileus.kernel.auth.sessions import SessionSealer
from pileus.kernel.clock import MovableClock
from pileus.kernel.http.messages import Request
from pileus.kernel.ids import SystemIds
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.outbox import Outbox
from pileus.kernel.storage.sqlite import open_store
from pileus.services.sns.inbox import page as inbox
from pileus.settings import SERVICES, Settings

_LOADED = """
import sys
import pileus.server
loaded = [name for name in sys.modules if name.startswith("pileus.services.")]
sys.exit(f"loaded at start: {loaded}" if loaded else 0)
"""


def test_a_start_loads_no_service() -> None:
    """Start-up time and memory are promised to depend on what is used, not on how many services there are."""
    done = subprocess.run([sys.executable, "-c", _LOADED], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


async def test_every_service_of_the_settings_has_a_part_and_every_page_is_there(tmp_path: Path) -> None:
    """A name in SERVICES that no part answers to would be offered by `--services`, and then refuse everything.

    The pages are named twice, so that a start need not load them: the names must agree.
    """
    clock, ids = MovableClock(), SystemIds()
    store = open_store(tmp_path, clock=clock)
    secret = ids.bytes(32)
    foundation = Foundation(
        settings=Settings(data_dir=tmp_path),
        store=store,
        clock=clock,
        ids=ids,
        secret=secret,
        sealer=SessionSealer(secret, clock, ids),
        outbox=Outbox(store, clock),
        metrics=Metrics(store, clock),
        endpoint_url=lambda: "http://127.0.0.1:1",
    )

    async def nothing() -> None:
        """Neither reset nor moved in this test."""

    parts = Parts(foundation, root=None, reset=nothing, clock_moved=nothing)
    health = await parts.router(Request(method="GET", target="/_pileus/health", headers={"host": "127.0.0.1"}))
    assert isinstance(health.body, bytes)
    assert set(json.loads(health.body)["services"]) == set(SERVICES)
    for path in (billing.PATH, decisions.PATH, prometheus.PATH, inbox.PATH):
        page = await parts.router(Request(method="GET", target=path, headers={"host": "127.0.0.1"}))
        assert page.status == 200, path
    await parts.close()
    await store.close()
