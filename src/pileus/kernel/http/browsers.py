"""May the web page behind this request reach us?

While any key is welcome (`open` mode), nothing but the browser stands between a page that a developer happens to visit
and everything that runs here: a form needs no preflight, and a host name of the page's own may be made to point at this
machine ("DNS rebinding"). So a request that tells of another site is refused, and on a loopback address one that names
a host which is not this machine's. Programs tell neither; pages served from this machine are welcome.
"""

import ipaddress
from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from pileus.kernel.http.messages import Request

_OURS: Final = (".localhost", ".localstack.cloud")
"""Suffixes that a page elsewhere cannot own: reserved, and a public name of 127.0.0.1."""
_OF_AWS: Final = (".amazonaws.com", ".amazonaws.com.cn")
"""Names that nobody can make point here but by this machine's hosts file; but everybody can have pages under them."""
_HOSTS_REMEMBERED_MAX: Final = 4_096


def loopback(host: str) -> bool:
    """Whether a name or address is this machine's own, for this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class BrowserGuard:
    """Refuses what a page of another site sends.

    allowed: further host names, of this server and of pages that may call it. any_host: answer to every host name,
    because the address that is listened on is for more than this machine.
    """

    def __init__(self, *, allowed: Collection[str] = (), any_host: bool = False) -> None:
        self._allowed = frozenset(name.lower() for name in allowed)
        self._any_host = any_host
        self._hosts: dict[str, bool] = {}

    def refusal(self, request: Request) -> str:
        """Why the request is refused, in one line; empty when it is not."""
        headers = request.headers
        host = headers.get("host", "")
        if why := self.refusal_of_host(request):
            return why
        if "origin" in headers:
            origin = headers["origin"]
            if not self._welcome(origin, host):
                return f"pages of {origin[:255]!r} may not call this server; pileus up --allow-host lets them"
        elif (
            headers.get("sec-fetch-site") == "cross-site"
            and not _merely_visits(request)
            and not self._welcome(headers.get("referer", ""), host)
        ):
            # Pictures and forms tell no origin, but most often from where: no page can say that of itself.
            return "pages of another site may not call this server"
        return ""

    def refusal_of_host(self, request: Request) -> str:
        """The same, of a request from a page that is welcome where it asks: whose name must be ours all the same."""
        host = request.headers.get("host", "")
        known = self._hosts.get(host)
        if known is None:
            known = self._remember(host)
        return "" if known else f"{host[:255]!r} is not a name of this server; pileus up --allow-host makes it one"

    def _remember(self, host: str) -> bool:
        if len(self._hosts) >= _HOSTS_REMEMBERED_MAX:
            self._hosts.clear()  # hosts are the client's to choose
        name = _host_name(host)
        known = self._hosts[host] = (
            self._any_host or self._ours(name) or name.endswith(_OF_AWS) or "." not in name or _is_address(name)
        )
        return known

    def _welcome(self, origin: str, host: str) -> bool:
        try:
            page = urlsplit(origin)
            name = page.hostname or ""
        except ValueError:
            return False
        return self._ours(name) or (page.netloc == host and (_is_address(name) or name.endswith(_OF_AWS)))

    def _ours(self, name: str) -> bool:
        return loopback(name) or name in self._allowed or name.endswith(_OURS)


def _host_name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return "a.name.that.is.none"


def _merely_visits(request: Request) -> bool:
    """Somebody followed a link: a page is shown, and nothing can be changed by it."""
    return request.method == "GET" and request.headers.get("sec-fetch-mode") == "navigate" and not request.query


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
