"""How do the parts of an event read?

Source: S3 User Guide, "Event message structure"; recordings s3/s3_notifications_sqs (test_key_encoding).
"""

import hashlib
from base64 import b32encode, b64encode
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final
from urllib.parse import quote_plus

from pileus.kernel.context import Principal

_VERSION_3: Final = ("ObjectTagging", "ObjectAcl", "LifecycleExpiration", "LifecycleTransition", "IntelligentTiering")


def event_version(name: str) -> str:
    """Of the structure of a record. Source: as above, `eventVersion`."""
    kind = name.partition(":")[0]
    if kind in _VERSION_3 or name == "ObjectRestore:Delete":
        return "2.3"
    return "2.2" if kind == "Replication" else "2.1"


def encoded_key(key: str) -> str:
    """A key as records have it: like a form's value, but for its slashes."""
    return quote_plus(key, safe="/*").replace("~", "%7E")


def sequencer(order: int) -> str:
    """What grows from event to event of a key; hexadecimal, its length fixed so that it compares as text."""
    return f"{order:018X}"


def event_time(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@lru_cache(maxsize=1024)
def owner_id(account_id: str) -> str:
    """What stands for the owner of a bucket: 14 characters that follow from the account."""
    digest = hashlib.sha256(f"pileus bucket owner {account_id}".encode()).digest()
    return f"A{b32encode(digest).decode()[:13]}"


def principal_id(principal: Principal) -> str:
    """Who asked: `AWS:` and the unique id of IAM, or of the root the account."""
    return f"AWS:{principal.user_id}"


def host_id(request_id: str) -> str:
    """The second id of a request, as its answer has it (`kernel.wire.rest_xml`)."""
    return b64encode(hashlib.sha512(request_id.encode()).digest()[:56]).decode()


def own_request_id(bucket: str, key: str, name: str, at_s: float) -> str:
    """Of what S3 does itself, which on AWS has one, too; the same however often it is told."""
    return hashlib.sha256(f"{bucket}\n{key}\n{name}\n{at_s}".encode()).hexdigest()[:16].upper()
