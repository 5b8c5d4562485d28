"""Which registry stands for the one in an ImageUri, and whom may it send us to?

Chosen when Pileus starts. Plain HTTP is for loopback only.
"""

import urllib.parse

import msgspec

from pileus.kernel.http.browsers import loopback


class BadRegistry(ValueError):
    """An address under which no registry can be; says why."""


class Registry(msgspec.Struct, frozen=True, kw_only=True):
    """An address as somebody chose it. host: of the ImageUris that it stands for, '' for all."""

    base: str
    host: str = ""
    user: str = ""
    password: str = ""


def read_registry(text: str) -> Registry:
    """`[HOST=]URL`; BadRegistry."""
    host, equals, url = text.partition("=")
    if not equals or "://" in host:
        host, url = "", text
    try:
        parts = urllib.parse.urlsplit(url)
        at = f"{_bracketed(parts.hostname or '')}:{parts.port}" if parts.port else _bracketed(parts.hostname or "")
    except ValueError as wrong:
        raise BadRegistry(f"{url!r} is no URL: {wrong}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise BadRegistry(f"{url!r} is no URL of a registry: say http://127.0.0.1:5000 or https://registry.example")
    if not permitted(url, by=url):
        raise BadRegistry(f"{url!r}: plain HTTP is for registries on this machine only")
    return Registry(
        base=f"{parts.scheme}://{at}{parts.path.rstrip('/')}",
        host=host,
        user=urllib.parse.unquote(parts.username or ""),
        password=urllib.parse.unquote(parts.password or ""),
    )


def permitted(url: str, *, by: str) -> bool:
    """Whether somebody may be asked there whom `by` names. A registry elsewhere cannot send us to this machine."""
    try:
        scheme, hosts = urllib.parse.urlsplit(url).scheme, [urllib.parse.urlsplit(each).hostname for each in (url, by)]
    except ValueError:
        return False
    return scheme == "https" or (scheme == "http" and all(loopback(host or "") for host in hosts))


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
