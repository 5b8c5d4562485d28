"""Which bucket's website is meant by a host or a path, and which page of it?

`BUCKET.s3-website-REGION.amazonaws.com` or `BUCKET.s3-website.REGION.amazonaws.com`, under any suffix; and for clients
that cannot resolve those, the path `/_aws/s3-website/BUCKET/...`.

Source: S3 User Guide, "Website endpoints".
"""

import re
from typing import Final
from urllib.parse import quote, unquote

import msgspec

from pileus.kernel.http.messages import Request

PATH_FORM: Final = "/_aws/s3-website/"
_HOST: Final = re.compile(r"(?P<bucket>.+)\.s3-website[.-]", re.ASCII)
_HOST_LENGTH_MAX: Final = 260


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """A page that somebody asks for.

    key: without the index document's name; "" for the first page. base: of URLs that lead to this website's pages, a
    scheme, a host and the beginning of the path, with a slash at its end.
    """

    bucket: str
    key: str
    base: str
    scheme: str
    host: str

    def url(self, key: str, *, scheme: str = "", host: str = "") -> str:
        """Of another page. host: somebody else's, whose pages have no beginning of ours."""
        if host:
            return f"{scheme or self.scheme}://{host}/{encoded(key)}"
        base = f"{scheme}{self.base.removeprefix(self.scheme)}" if scheme else self.base
        return base + encoded(key)

    @property
    def folder(self) -> str:
        """The path of the same page as a folder, as browsers are led to it."""
        beginning = self.base.partition("://")[2].partition("/")[2]
        return f"/{beginning}{encoded(self.key)}/"


def encoded(key: str) -> str:
    return quote(key, safe="/~-_.!*'()&=+$,:@;")


def visit_of(request: Request) -> Visit | None:
    """What a request asks for; None when it names no bucket."""
    host = request.headers.get("host", "")
    scheme = "https" if request.secure else "http"
    found = _HOST.match(host.lower()) if len(host) <= _HOST_LENGTH_MAX else None
    if found is not None:
        bucket, path, base = found["bucket"], request.path.removeprefix("/"), f"{scheme}://{host}/"
    elif not request.path.startswith(PATH_FORM):
        return None
    else:
        bucket, _, path = request.path.removeprefix(PATH_FORM).partition("/")
        base = f"{scheme}://{host}{PATH_FORM}{bucket}/"
    if not bucket:
        return None
    return Visit(bucket=bucket, key=unquote(path, errors="replace"), base=base, scheme=scheme, host=host)
