"""How does one Pileus live: start, reset, close?"""

import asyncio
import shutil
from collections.abc import Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from pileus.app import Parts
from pileus.composition.foundation import Foundation
from pileus.kept_clock import keep_clock, restore_clock
from pileus.kernel.auth.root_credentials import (
    RootCredentials,
    load_or_create_root_credentials,
    load_root_credentials,
)
from pileus.kernel.auth.server_secret import load_or_create_server_secret
from pileus.kernel.auth.sessions import SessionSealer
from pileus.kernel.clock import MovableClock
from pileus.kernel.http.browsers import loopback
from pileus.kernel.http.messages import Request, Response
from pileus.kernel.http.server import HttpServer
from pileus.kernel.ids import SystemIds
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.outbox import Outbox
from pileus.kernel.storage.sqlite import SqliteStore, open_store
from pileus.running import FORGOTTEN_PREFIX
from pileus.settings import Settings

DRAIN_GRACE: Final = timedelta(seconds=10)
"""How long requests in flight may take to finish after SIGTERM."""
RESET_GRACE: Final = timedelta(seconds=5)
"""How long requests in flight may take to finish before a reset cuts them off; their functions have ended by then."""


class Application:
    """One Pileus: from an empty process to a closed store."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._clock = MovableClock()
        self._ids = SystemIds()
        self._store: SqliteStore | None = None
        self._parts: Parts | None = None
        self._server: HttpServer | None = None
        self._secret = b""
        self._root: RootCredentials | None = None
        self._root_is_new = False
        self._resetting = asyncio.Lock()
        self._reset_done: asyncio.Event | None = None
        self._port = 0

    async def start(self) -> int:
        """Open the store and listen; gives the port. StoreInUse, NewerData, BadServerSecret, OSError (no such port)."""
        settings = self._settings
        self._store = open_store(settings.data_dir, clock=self._clock, durability=settings.durability)
        for left in settings.data_dir.glob(f"{FORGOTTEN_PREFIX}*"):
            shutil.rmtree(left, ignore_errors=True)  # by a reset that was killed
        await restore_clock(self._store, self._clock)
        self._secret = load_or_create_server_secret(settings.data_dir, ids=self._ids)
        self._root = self._root_credentials()
        self._parts = self._build(self._store)
        self._server = HttpServer(self._answer, gate=self._store.gate, lost=self._lost, clock=self._clock)
        self._port = await self._server.start(settings.host, settings.port)
        self._parts.start()
        return self._port

    @property
    def root_credentials(self) -> tuple[str, str] | None:
        """The root's access key id and secret; None when no strict start has made them yet."""
        return (self._root.access_key_id, self._root.secret_access_key) if self._root else None

    @property
    def new_root_credentials(self) -> tuple[str, str] | None:
        """The same, when this start has made them: they are shown once."""
        return self.root_credentials if self._root_is_new else None

    async def close(self) -> None:
        """Finish what is under way, stop what runs, and close the store."""
        if self._parts is not None:
            await self._parts.answer_waiting()
        if self._server is not None:
            await self._server.drain(DRAIN_GRACE)
        if self._parts is not None:
            await self._parts.close()
        if self._store is not None:
            await self._store.close()

    def _root_credentials(self) -> RootCredentials | None:
        """The root's key pair: made at the first strict start; honoured in open mode too, once it exists."""
        data_dir = self._settings.data_dir
        if self._settings.auth_mode == "open":
            return load_root_credentials(data_dir, secret=self._secret, ids=self._ids)
        first = load_or_create_root_credentials(data_dir, secret=self._secret, ids=self._ids)
        self._root_is_new = first.created
        return first.credentials

    def _answer(self, request: Request) -> Coroutine[Any, Any, Response]:
        assert self._parts is not None
        if self._reset_done is not None:
            return self._answer_after_reset(request, self._reset_done)
        return self._parts.router(request)

    def _lost(self, request: Request, response: Response) -> Response | None:
        return None if self._parts is None else self._parts.router.lost(request, response)

    async def _answer_after_reset(self, request: Request, reset_done: asyncio.Event) -> Response:
        await reset_done.wait()
        return await self._answer(request)

    def _build(self, store: SqliteStore) -> Parts:
        async def clock_moved() -> None:
            await keep_clock(store, self._clock)

        foundation = Foundation(
            settings=self._settings,
            store=store,
            clock=self._clock,
            ids=self._ids,
            secret=self._secret,
            sealer=SessionSealer(self._secret, self._clock, self._ids),
            outbox=Outbox(store, self._clock),
            metrics=Metrics(store, self._clock),
            endpoint_url=self._endpoint_url,
        )
        return Parts(foundation, root=self._root, reset=self._reset, clock_moved=clock_moved)

    def _endpoint_url(self) -> str:
        host = self._settings.host
        if host in {"0.0.0.0", "::", ""} or loopback(host):  # noqa: S104 - only compared with
            host = "127.0.0.1"
        return f"http://{f'[{host}]' if ':' in host else host}:{self._port}"

    async def _reset(self) -> None:
        """Stop the old parts, forget all, begin with new ones.

        Requests that arrive meanwhile wait, those under way end first: none may write what belongs to before into the
        store of after. One reset at a time.
        """
        assert self._store is not None
        assert self._parts is not None
        assert self._server is not None
        async with self._resetting:
            under_way = self._server.under_way() - {asyncio.current_task()}
            self._reset_done = asyncio.Event()
            try:
                await self._parts.close()
                await self._server.settle(under_way, RESET_GRACE)
                await self._store.clear_all()
                old = self._set_files_aside()
                self._clock.restore(offset=timedelta(0), frozen_at=None)
                self._parts = self._build(self._store)
                self._parts.start()
            finally:
                self._reset_done.set()
                self._reset_done = None
            await asyncio.to_thread(shutil.rmtree, old, ignore_errors=True)

    def _set_files_aside(self) -> Path:
        """Take packages and objects out of the way at once, since deleting them may take long; where they are now."""
        aside = self._settings.data_dir / f"{FORGOTTEN_PREFIX}{self._ids.base36(8)}"
        aside.mkdir(mode=0o700)
        for name in ("blobs", "code", "images", "objects"):
            folder = self._settings.data_dir / name
            if folder.exists():
                folder.rename(aside / name)
        return aside
