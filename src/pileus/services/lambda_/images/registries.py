"""How is an image fetched from a registry?

By the OCI distribution API, from the registry that stands for the one in an ImageUri. Whoever answers with a redirect
elsewhere (registries keep blobs in object
stores) gets no credentials. Where a token is asked for it is fetched from the realm that the registry names, with the
user and password of the address, if it has any.

Source: OCI Distribution Specification 1.1; Docker Registry v2, "Token Authentication Specification".
"""

import re
import urllib.error
import urllib.parse
import urllib.request
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException, HTTPMessage
from typing import IO, Any, Final

import msgspec

from pileus.services.lambda_.images.addresses import Registry, permitted
from pileus.services.lambda_.images.manifests import ACCEPTED, DOCUMENT_BYTES_MAX, digest_of, is_digest
from pileus.services.lambda_.images.repositories import NotThere, Readable, Unreadable

_WAIT_S_MAX: Final = 60.0
"""For an answer, or for its next bytes."""
_CHALLENGE: Final = re.compile(r'(\w+)="([^"]*)"')


class RegistryRepository:
    """A repository in a registry. Keeps its token for as long as it lives, which is one image."""

    def __init__(self, registry: Registry, name: str) -> None:
        self._registry = registry
        self._name = name
        self._authorization = ""

    def document(self, reference: str) -> bytes:
        with self._get(f"manifests/{reference}", {"Accept": ", ".join(ACCEPTED)}) as answer:
            content = _Body(answer).read(DOCUMENT_BYTES_MAX + 1)
        if len(content) > DOCUMENT_BYTES_MAX:
            raise Unreadable(f"its manifest is larger than {DOCUMENT_BYTES_MAX} bytes")
        if is_digest(reference) and digest_of(content) != reference:
            raise Unreadable(f"{reference} has another digest than that")
        return content

    @contextmanager
    def blob(self, digest: str) -> Iterator[Readable]:
        if not is_digest(digest):
            raise NotThere
        with self._get(f"blobs/{digest}", {}) as answer:
            yield _Body(answer)

    def _get(self, path: str, headers: Mapping[str, str]) -> Any:
        url = f"{self._registry.base}/v2/{self._name}/{path}"
        try:
            return self._open(url, headers)
        except urllib.error.HTTPError as refused:
            refused.close()
            if refused.code != 401 or self._authorization:
                raise _told(refused) from None
            self._authorize(refused.headers.get("WWW-Authenticate", ""))
        try:
            return self._open(url, headers)
        except urllib.error.HTTPError as refused:
            refused.close()
            raise _told(refused) from None

    def _open(self, url: str, headers: Mapping[str, str]) -> Any:
        request = urllib.request.Request(url, headers=dict(headers))  # noqa: S310 - the scheme has been looked at
        if self._authorization:
            request.add_unredirected_header("Authorization", self._authorization)
        return _opened(request)

    def _authorize(self, challenge: str) -> None:
        """What the registry asks for; Unreadable."""
        scheme, _, rest = challenge.partition(" ")
        own = f"{self._registry.user}:{self._registry.password}" if self._registry.user else ""
        basic = f"Basic {b64encode(own.encode()).decode()}"
        if scheme.lower() == "basic" and own:
            self._authorization = basic
            return
        told = dict(_CHALLENGE.findall(rest))
        realm = told.get("realm", "")
        if scheme.lower() != "bearer" or not permitted(realm, by=self._registry.base):
            raise Unreadable("the registry asks for credentials")
        scope = told.get("scope") or f"repository:{self._name}:pull"
        query = urllib.parse.urlencode({"scope": scope, **({"service": told["service"]} if "service" in told else {})})
        request = urllib.request.Request(f"{realm}{'&' if '?' in realm else '?'}{query}")  # noqa: S310 - looked at
        if own:
            request.add_unredirected_header("Authorization", basic)
        try:
            with _opened(request) as answer:
                token = msgspec.json.decode(answer.read(DOCUMENT_BYTES_MAX), type=_Token)
        except urllib.error.HTTPError as refused:
            refused.close()
            raise Unreadable(f"the registry's realm gives no token: {refused}") from None
        except (msgspec.DecodeError, HTTPException, OSError) as wrong:
            raise Unreadable(f"the registry's realm gives no token: {wrong}") from None
        self._authorization = f"Bearer {token.token or token.access_token}"


class _Token(msgspec.Struct, frozen=True):
    token: str = ""
    access_token: str = ""


class _Body:
    """An answer's bytes; a connection that breaks is the registry's failure."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def read(self, size: int = -1) -> bytes:
        try:
            data: bytes = self._answer.read(size)
        except (HTTPException, OSError) as broken:
            raise Unreadable(f"the registry's answer broke off: {broken}") from None
        return data


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a few, and never to plain HTTP elsewhere."""

    max_redirections = 4

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        if not permitted(newurl, by=req.full_url):
            raise urllib.error.URLError(f"it leads to {newurl}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opened(request: urllib.request.Request) -> Any:
    """HTTPError, Unreadable."""
    opener = urllib.request.build_opener(_Redirects)
    try:
        return opener.open(request, timeout=_WAIT_S_MAX)
    except urllib.error.HTTPError:
        raise
    except (urllib.error.URLError, HTTPException, OSError, ValueError) as failure:
        raise Unreadable(f"the registry does not answer: {failure}") from None


def _told(refused: urllib.error.HTTPError) -> NotThere | Unreadable:
    if refused.code == 404:
        return NotThere()
    return Unreadable(f"the registry answers {refused.code} {refused.reason}")
