"""Who works on a server until it is gone, and says afterwards what must be there?"""

import threading
from abc import ABC, abstractmethod
from typing import Final

from botocore.exceptions import ConnectionClosedError, ConnectTimeoutError, EndpointConnectionError, IncompleteReadError

from tests.conftest import Server

WITHIN_S: Final = 60.0

GONE: Final = (ConnectionClosedError, ConnectTimeoutError, EndpointConnectionError, IncompleteReadError)
"""How a server that is no longer there looks to botocore."""


class Worker(ABC):
    """Does one thing again and again; `work` says what is acknowledged by returning."""

    def __init__(self) -> None:
        self.server: Server
        self.round_number = 0
        self.error: BaseException | None = None
        self._thread: threading.Thread

    def begin(self, server: Server, round_number: int) -> None:
        """Connect, and work in a thread until the server is gone."""
        self.server, self.round_number = server, round_number
        self.connect()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def end(self) -> None:
        """Return once the server's end has been noticed; raises what was no end."""
        self._thread.join(WITHIN_S)
        assert not self._thread.is_alive(), "it still waits for an answer"
        if self.error is not None:
            raise self.error

    @property
    def working(self) -> bool:
        return self._thread.is_alive()

    def _run(self) -> None:
        try:
            while True:
                self.work()
        except GONE:
            return
        except BaseException as error:  # noqa: BLE001 - raised again by `end`
            self.error = error

    @abstractmethod
    def connect(self) -> None: ...

    @abstractmethod
    def work(self) -> None: ...

    @abstractmethod
    def check(self, server: Server) -> None:
        """What was acknowledged is there, once."""
