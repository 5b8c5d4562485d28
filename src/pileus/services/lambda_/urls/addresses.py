"""Where is a function URL, and which one is a request for?"""

import ipaddress
from typing import Final, NamedTuple

PATH_FORM: Final = "/_aws/lambda-url/"
_HOST_MARK: Final = ".lambda-url."


class Address(NamedTuple):
    """Which function URL a request is for, the path within it, and the host that the function is told."""

    url_id: str
    path: str
    domain: str


def function_url(url_id: str, *, region: str, host: str, secure: bool) -> str:
    """Where the client that spoke to `host` reaches it.

    `ID.lambda-url.REGION.` before the name the client used; below `localhost` for loopback addresses, since browsers
    and curl resolve every name there; the path form for other addresses, below which no name exists.
    """
    scheme = "https" if secure else "http"
    name, port = split_port(host.lower())
    try:
        address = ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        suffix = name.removeprefix("lambda.").removeprefix(f"{region}.") or "localhost"
        return f"{scheme}://{url_id}.lambda-url.{region}.{suffix}{port}/"
    if address.is_loopback or address.is_unspecified:
        return f"{scheme}://{url_id}.lambda-url.{region}.localhost{port}/"
    return f"{scheme}://{name}{port}{PATH_FORM}{url_id}/"


def addressed(*, host: str, path: str) -> Address | None:
    """The function URL that a request is for; None when it is for none."""
    name = split_port(host.lower())[0]
    url_id, mark, _ = name.partition(_HOST_MARK)
    if mark and "." not in url_id:
        return Address(url_id, path, name)
    if path.startswith(PATH_FORM):
        url_id, _, rest = path[len(PATH_FORM) :].partition("/")
        return Address(url_id.lower(), f"/{rest}", f"{url_id.lower()}{_HOST_MARK}localhost")
    return None


def split_port(host: str) -> tuple[str, str]:
    """`name:port` as name and `:port`; IPv6 addresses keep their brackets."""
    end = host.rfind("]")
    colon = host.find(":", end + 1)
    return (host, "") if colon < 0 else (host[:colon], host[colon:])
