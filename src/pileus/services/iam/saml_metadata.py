"""What does an identity provider's SAML metadata say?

Read with expat directly: a document type (and with it every entity, internal or external) is refused before anything is
expanded, so neither "a billion laughs" nor a look at this machine's files is possible; depth is bounded.

Source: SAML V2.0 Metadata (OASIS), sections 2.3.2 and 2.4.3.
"""

import base64
import binascii
from datetime import UTC, datetime
from typing import Final
from xml.parsers import expat  # safe as used here: see above

import msgspec

from pileus.services.iam.errors import InvalidInput

_METADATA: Final = "urn:oasis:names:tc:SAML:2.0:metadata "
_SIGNATURES: Final = "http://www.w3.org/2000/09/xmldsig# "
_DEPTH_MAX: Final = 64


class SamlMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """signing_certificates: DER, of the keys that sign assertions. valid_until: None when the document does not say."""

    entity_id: str
    valid_until: datetime | None
    signing_certificates: tuple[bytes, ...]


def parse_metadata(document: str) -> SamlMetadata:
    """InvalidInput unless this is the metadata of one identity provider, with a certificate."""
    reader = _Reader()
    try:
        reader.parser.Parse(document.encode(), True)
    except (expat.ExpatError, _Refused, ValueError):
        raise _unreadable() from None
    if not reader.entity_id or not reader.is_identity_provider or not reader.certificates:
        raise _unreadable()
    return SamlMetadata(
        entity_id=reader.entity_id,
        valid_until=reader.valid_until,
        signing_certificates=tuple(reader.certificates),
    )


class _Refused(Exception):
    """Well-formed, but nothing that we read."""


class _Reader:
    """Collects what we need while expat walks through the document."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.EntityDeclHandler = self._refuse
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.entity_id = ""
        self.valid_until: datetime | None = None
        self.is_identity_provider = False
        self.certificates: list[bytes] = []
        self._open: list[str] = []
        self._signs = False
        self._certificate: list[str] | None = None

    def _refuse(self, *_: object) -> None:
        raise _Refused

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if not self._open:
            if name != _METADATA + "EntityDescriptor":
                raise _Refused
            self.entity_id = attributes.get("entityID", "")
            self.valid_until = _moment(attributes.get("validUntil"))
        self._open.append(name)
        if len(self._open) > _DEPTH_MAX:
            raise _Refused
        if name == _METADATA + "IDPSSODescriptor":
            self.is_identity_provider = True
        elif name == _METADATA + "KeyDescriptor":
            inside = _METADATA + "IDPSSODescriptor" in self._open
            self._signs = inside and attributes.get("use", "signing") == "signing"
        elif name == _SIGNATURES + "X509Certificate" and self._signs:
            self._certificate = []

    def _end(self, name: str) -> None:
        self._open.pop()
        if name == _METADATA + "KeyDescriptor":
            self._signs = False
        elif name == _SIGNATURES + "X509Certificate" and self._certificate is not None:
            self.certificates.append(_certificate("".join(self._certificate)))
            self._certificate = None

    def _text(self, text: str) -> None:
        if self._certificate is not None:
            self._certificate.append(text)


def _certificate(text: str) -> bytes:
    from cryptography import x509  # here, since few servers ever read one

    try:
        der = base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error:
        raise _Refused from None
    x509.load_der_x509_certificate(der)  # ValueError
    return der


def _moment(text: str | None) -> datetime | None:
    """An xs:dateTime; without an offset it is UTC."""
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    try:
        return moment.astimezone(UTC) if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    except OverflowError:  # before the first year or after the last
        raise _Refused from None


def _unreadable() -> InvalidInput:
    return InvalidInput("Could not parse metadata")
