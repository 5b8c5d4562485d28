"""What is the name of an OpenID Connect provider, and what may it have?"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from pileus.services.iam.account_limits import OIDC_CLIENT_IDS_MAX, OIDC_THUMBPRINTS_MAX
from pileus.services.iam.errors import InvalidInput, LimitExceeded, ValidationError

_RESOURCE = "oidc-provider/"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderUrl:
    """An issuer's URL. name: without the scheme, otherwise as given, as ARNs and condition keys have it."""

    scheme: str
    name: str


def parse_url(url: str) -> ProviderUrl:
    """ValidationError unless it can be an issuer's.

    https only, without query and fragment (API_CreateOpenIDConnectProvider); http for this machine's own issuers, which
    AWS could not reach.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        raise _invalid_url() from None
    if not host or parts.query or parts.fragment or parts.username is not None or not url.isascii():
        raise _invalid_url()
    if any(char.isspace() for char in url):
        raise _invalid_url()
    if parts.scheme != "https" and not (parts.scheme == "http" and _on_this_machine(host)):
        raise _invalid_url()
    return ProviderUrl(scheme=parts.scheme, name=parts.netloc + parts.path)


def provider_arn(partition: str, account_id: str, name: str) -> str:
    return f"arn:{partition}:iam::{account_id}:{_RESOURCE}{name}"


def name_of_arn(arn: str) -> str:
    """What follows the account in the ARN of a provider; InvalidInput when it is another ARN."""
    resource = arn.split(":", 5)[-1]
    if not arn.startswith("arn:") or not resource.startswith(_RESOURCE):
        raise InvalidInput(f"Invalid ARN: {arn}")
    return resource.removeprefix(_RESOURCE)


def kept_client_ids(client_ids: Sequence[str]) -> tuple[str, ...]:
    """Each once, in the order given; LimitExceeded."""
    kept = tuple(dict.fromkeys(client_ids))
    if len(kept) > OIDC_CLIENT_IDS_MAX:
        raise LimitExceeded(f"Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: {OIDC_CLIENT_IDS_MAX}")
    return kept


def kept_thumbprints(thumbprints: Sequence[str]) -> tuple[str, ...]:
    """InvalidInput when they are too many."""
    if len(thumbprints) > OIDC_THUMBPRINTS_MAX:
        # AWS's words, though five are allowed (recordings of CreateOpenIDConnectProvider, 2026-02-17).
        raise InvalidInput(f"Thumbprint list must contain fewer than {OIDC_THUMBPRINTS_MAX} entries.")
    return tuple(thumbprints)


def _on_this_machine(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _invalid_url() -> ValidationError:
    return ValidationError("Invalid Open ID Connect Provider URL")
