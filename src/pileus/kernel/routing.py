"""Is a request for an AWS API, for something that a user deployed, or for Pileus itself?

An API call with a target goes to the dispatcher at once. Otherwise a data plane may own the host
(`ID.execute-api.REGION.amazonaws.com`, or under any other suffix), or the beginning of the path.
"""

from collections.abc import Coroutine
from typing import Any

from pileus.kernel.http.messages import Handler, Request, Response


class Router:
    """Sends each request to its handler."""

    def __init__(self, dispatcher: Handler) -> None:
        self._dispatcher = dispatcher
        self._hosts: dict[str, Handler] = {}
        self._paths: list[tuple[str, str, Handler]] = []
        self._beginnings: tuple[str, ...] = ()

    def add_host(self, label: str, handler: Handler) -> None:
        """Hosts whose second label is `label` (`ID.execute-api....`) belong to `handler`."""
        assert label not in self._hosts
        self._hosts[label] = handler

    def add_path(self, prefix: str, handler: Handler, *, containing: str = "") -> None:
        """Paths that begin with `prefix`, and hold `containing`, belong to `handler`; the longest prefix wins.

        containing: for a prefix that a service's own API has too: `/restapis/` with `/_user_request_/`.
        """
        assert prefix.startswith("/")
        self._paths.append((prefix, containing, handler))
        self._paths.sort(key=lambda known: -len(known[0]))
        self._beginnings = tuple(known for known, _, _ in self._paths)

    def __call__(self, request: Request) -> Coroutine[Any, Any, Response]:
        # Not a coroutine itself, so that the hot path has one frame less.
        headers = request.headers
        if "x-amz-target" in headers:
            return self._dispatcher(request)
        if self._hosts:
            labels = headers.get("host", "").split(":", 1)[0].split(".", 2)
            if len(labels) > 1 and (handler := self._hosts.get(labels[1])) is not None:
                return handler(request)
        if request.path.startswith(self._beginnings):
            for prefix, containing, handler in self._paths:
                if request.path.startswith(prefix) and containing in request.path:
                    return handler(request)
        return self._dispatcher(request)
