"""How are numbers, moments, addresses, booleans and bytes read out of a policy or a request?

Each reader answers None for a text that is nothing of the kind; such a value equals nothing.
"""

import base64
import binascii
import ipaddress
import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from typing import Final

_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]{1,64}(?:\.[0-9]{0,64})?|\.[0-9]{1,64})")
_SECONDS: Final = re.compile(r"-?[0-9]{1,19}(?:\.[0-9]{1,9})?")
_YEAR_CHARS: Final = 4
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MOMENT: Final = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})"
    r"(?:T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?)?)?",
    re.IGNORECASE,
)
"""The profile of ISO 8601 by the W3C (NOTE-datetime). A time without a zone is taken as UTC."""

Network = tuple[int, int, int]
"""IP version, address, mask."""


@lru_cache(maxsize=1024)
def number(text: str) -> Decimal | None:
    """An integer or a decimal."""
    return Decimal(text) if _NUMBER.fullmatch(text.strip()) else None


@lru_cache(maxsize=1024)
def moment(text: str) -> Decimal | None:
    """Seconds since 1970 of an ISO 8601 date, or of a number of seconds. Four digits alone are a year."""
    text = text.strip()
    if _SECONDS.fullmatch(text) and len(text) != _YEAR_CHARS:
        return Decimal(text)
    found = _MOMENT.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        date = (int(year), int(month or 1), int(day or 1))
        time = (int(hour or 0), int(minute or 0), int(second or 0))
        whole = datetime(*date, *time, tzinfo=_zone(zone or "Z"))
    except ValueError:
        return None
    return Decimal((whole - _EPOCH) // timedelta(seconds=1)) + Decimal(f"0{fraction or ''}")


def _zone(zone: str) -> timezone:
    if zone in "Zz":
        return UTC
    away = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6]))
    return timezone(-away if zone[0] == "-" else away)


def boolean(text: str) -> bool | None:
    return {"true": True, "false": False}.get(text.strip().lower())


def binary(text: str) -> bytes | None:
    """Bytes from base64."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


@lru_cache(maxsize=1024)
def network(text: str) -> Network | None:
    """A range in CIDR notation; a bare address is a range of one. Bits after the prefix are ignored."""
    try:
        found = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None
    return found.version, int(found.network_address), int(found.netmask)


@lru_cache(maxsize=1024)
def address(text: str) -> tuple[int, int] | None:
    """IP version and address."""
    try:
        found = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    return found.version, int(found)
