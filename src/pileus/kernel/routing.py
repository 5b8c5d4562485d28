"""Is a request for an AWS API, for something that a user deployed, or for Pileus itself?

A data plane may own the host (`ID.execute-api.REGION.amazonaws.com`, or under any other suffix) or the beginning of the
path; whatever a client sends there, an `X-Amz-Target` included, is for what the user deployed.
"""

from collections.abc import Callable, Coroutine
from typing import Any, Final, Protocol

from pileus.kernel.http.browsers import BrowserGuard
from pileus.kernel.http.messages import Handler, Headers, Request, Response
from pileus.kernel.wire.bucket_hosts import bucket_of
from pileus.kernel.wire.finder import Refused
from pileus.kernel.wire.registered import Operation

_HOSTS_REMEMBERED_MAX: Final = 4_096
_OF_VISITS: Final = ("access-control-", "vary")
"""How the headers begin that a visit adds to an answer, in lower case."""


class Apis(Handler, Protocol):
    """Answers requests for AWS's APIs; `Dispatcher` outside tests."""

    async def find(self, request: Request) -> Operation: ...

    def lost(self, request: Request, response: Response) -> Response | None: ...


class Visits(Protocol):
    """Knows what pages of other origins may do with what a service keeps for its users."""

    async def __call__(self, request: Request) -> Response | Headers | None:
        """A whole answer, or what to add to one when the page is welcome; None where there is nothing to say."""
        ...


class Router:
    """Sends each request to its handler."""

    def __init__(self, dispatcher: Apis, *, guard: BrowserGuard | None = None) -> None:
        """guard: refuses web pages of other sites, everywhere but at what users deployed."""
        self._dispatcher = dispatcher
        self._guard = guard
        self._visits: Visits | None = None
        self._visited_service = ""
        self._patterns: list[tuple[Callable[[str], bool], Handler]] = []
        self._labels: dict[str, Handler] = {}
        self._by_host: dict[str, Handler | None] = {}
        self._paths: list[tuple[str, str, Handler, bool]] = []
        self._beginnings: tuple[str, ...] = ()

    def add_host(self, label: str, handler: Handler) -> None:
        """Hosts whose second label is `label` (`ID.execute-api....`) belong to `handler`."""
        assert label not in self._labels
        self._labels[label] = handler
        self._by_host.clear()

    def add_hosts(self, owns: Callable[[str], bool], handler: Handler) -> None:
        """Hosts, in lower case and without their port, belong to `handler` where `owns` says so."""
        self._patterns.append((owns, handler))
        self._by_host.clear()

    def add_visits(self, visits: Visits, *, service: str) -> None:
        """Ask `visits` before an API is reached from a page of another origin.

        service: whose resources they know; what they say of a request that means another service's counts for nothing.
        """
        assert self._visits is None
        self._visits, self._visited_service = visits, service

    def add_path(self, prefix: str, handler: Handler, *, containing: str = "", deployed: bool = False) -> None:
        """Paths that begin with `prefix`, and hold `containing`, belong to `handler`; the longest prefix wins.

        containing: for a prefix that a service's own API has too: `/restapis/` with `/_user_request_/`.
        deployed: it is a data plane, whose users say themselves which pages may call it.
        """
        assert prefix.startswith("/")
        self._paths.append((prefix, containing, handler, deployed))
        self._paths.sort(key=lambda known: -len(known[0]))
        self._beginnings = tuple(known for known, *_ in self._paths)

    def __call__(self, request: Request) -> Coroutine[Any, Any, Response]:
        # Not a coroutine itself, so that the hot path has one frame less.
        host = request.headers.get("host", "")
        try:
            owner = self._by_host[host]
        except KeyError:
            owner = self._owner(host)
        if owner is not None:
            return owner(request)
        handler: Handler = self._dispatcher
        if request.path.startswith(self._beginnings):
            for prefix, containing, owner, deployed in self._paths:
                if request.path.startswith(prefix) and containing in request.path:
                    if deployed:
                        return owner(request)
                    handler = owner
                    break
        if (
            self._visits is not None
            and handler is self._dispatcher
            and ("origin" in request.headers or request.method == "OPTIONS")
        ):
            return self._visited(request, self._visits)
        if self._guard is not None and (why := self._guard.refusal(request)):
            return _refused(why)
        return handler(request)

    async def _visited(self, request: Request, visits: Visits) -> Response:
        told = await visits(request)
        if isinstance(told, Response):
            return told
        if told and not await self._means(request, self._visited_service):
            told = None  # A bucket that is named like the beginning of another service's paths says nothing of those.
        if self._guard is not None:
            why = self._guard.refusal_of_host(request) if told else self._guard.refusal(request)
            if why:
                return await _refused(why)
        response = await self._dispatcher(request)
        return Response(response.status, [*response.headers, *told], response.body) if told else response

    async def _means(self, request: Request, service: str) -> bool:
        try:
            return (await self._dispatcher.find(request)).service == service
        except Refused:
            return False

    def lost(self, request: Request, response: Response) -> Response | None:
        """See `messages.Lost`; what a page of another origin may know of the answer, it may know of this one."""
        if not self._for_api(request):
            return None
        told = self._dispatcher.lost(request, response)
        if told is None:
            return None
        of_visits = [each for each in response.headers if each[0].lower().startswith(_OF_VISITS)]
        return Response(told.status, [*told.headers, *of_visits], told.body) if of_visits else told

    def _for_api(self, request: Request) -> bool:
        owner = self._owner(request.headers.get("host", ""))
        if owner is not None:
            return owner == self._to_bucket
        return not any(
            request.path.startswith(prefix) and containing in request.path for prefix, containing, *_ in self._paths
        )

    def _to_bucket(self, request: Request) -> Coroutine[Any, Any, Response]:
        """A host that names a bucket: its paths are keys, whatever they begin with."""
        if self._visits is not None and ("origin" in request.headers or request.method == "OPTIONS"):
            return self._visited(request, self._visits)
        if self._guard is not None and (why := self._guard.refusal(request)):
            return _refused(why)
        return self._dispatcher(request)

    def _owner(self, host: str) -> Handler | None:
        """The data plane of a host; remembered, since a client sends the same one every time."""
        name = host.lower().split(":", 1)[0]
        labels = name.split(".", 2)
        if bucket_of(name):
            owner: Handler | None = self._to_bucket
        else:
            owner = self._labels.get(labels[1]) if len(labels) > 1 else None
        if owner is None:
            owner = next((handler for owns, handler in self._patterns if owns(name)), None)
        if len(self._by_host) >= _HOSTS_REMEMBERED_MAX:
            self._by_host.clear()  # hosts are the client's to choose
        self._by_host[host] = owner
        return owner


async def _refused(why: str) -> Response:
    return Response(403, (("Content-Type", "text/plain"),), f"{why}\n".encode())
