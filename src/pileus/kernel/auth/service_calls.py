"""May a service of ours do something with a resource, on behalf of another resource that somebody configured?

API Gateway invokes a function for an API, S3 sends to a queue for a bucket, EventBridge to a topic for a rule: none of
them has identity policies, and none belongs to an account. So the resource's own policy must name the service
(`"Principal": {"Service": "apigateway.amazonaws.com"}`), whoever owns the two, and in `open` mode too: there, as on
AWS, an API without the function's permission answers 500. What the policy may ask of the call is what AWS tells it:
where it comes from (`aws:SourceArn`, `aws:SourceAccount`), which keeps one customer from using the service against
another (the "confused deputy").

Sources: IAM User Guide, "AWS global condition context keys", which says of each key when it is there, and "The confused
deputy problem"; each service's page on who must be permitted.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from pileus.kernel.auth.organizations import Organization, organization_key
from pileus.kernel.context import Principal

if TYPE_CHECKING:
    # The engine is for whoever decides; see `permissions`.
    from pileus.kernel.auth.policy import ContextValue, Decision, NamedPolicy, Query


class ServiceCall(msgspec.Struct, frozen=True, kw_only=True):
    """A service, acting for a resource.

    service: as policies name it (`sns.amazonaws.com`). source_arn: the resource it acts for. source_account: whose that
    is, where its ARN does not say (a bucket's).
    conditions: further keys that this service brings, in lower case (`lambda:eventsourcetoken`).
    request_id: under which a refusal is found in the log of decisions: of the message, say, that is delivered.
    """

    service: str
    source_arn: str
    source_account: str = ""
    conditions: Mapping[str, str] = {}
    request_id: str = ""


def service_principal(service: str) -> Principal:
    """Who a policy's `{"Service": ...}` means; of no account."""
    return Principal(account_id="", arn=service, user_id="")


def account_of(arn: str) -> str:
    """The account that an ARN names; '' when it names none."""
    return (arn.split(":", 5) + [""] * 5)[4]


def service_query(
    call: ServiceCall,
    *,
    action: str,
    resource: str,
    region: str,
    resource_account_id: str = "",
    resource_tags: Mapping[str, str] | None = None,
    organization: Organization | None = None,
    now_s: float,
) -> "Query":
    """What to ask the engine. resource_account_id: of the resource, where its ARN does not say.

    region: "" where the call is to no particular one. organization: of whose accounts some are, if there is one.
    """
    from pileus.kernel.auth.policy import Query

    owner = resource_account_id or account_of(resource)
    conditions = _conditions(call, region=region, owner=owner, tags=resource_tags or {}, now_s=now_s)
    if organization is not None:
        conditions |= _of_organization(organization, call, owner=owner)
    return Query(
        principal=service_principal(call.service),
        action=action,
        resource=resource,
        conditions=conditions,
        resource_account_id=owner,
    )


def service_decision(query: "Query", policy: "NamedPolicy | None") -> "Decision":
    """Whether the resource's policy lets the service; without a policy it may nothing."""
    from pileus.kernel.auth.policy import PolicySet, decide

    return decide(query, PolicySet(resource=policy))


def _conditions(
    call: ServiceCall, *, region: str, owner: str, tags: Mapping[str, str], now_s: float
) -> "dict[str, ContextValue]":
    """Nothing is known of an address or of a person, so those keys are absent."""
    stem = call.service.removesuffix(".amazonaws.com")
    known: dict[str, ContextValue] = {
        "aws:principalisawsservice": "true",
        "aws:principalservicename": call.service,
        "aws:principalservicenameslist": (call.service, *((f"{stem}.{region}.amazonaws.com",) if region else ())),
        "aws:viaawsservice": "false",
        "aws:securetransport": "true",
        "aws:currenttime": datetime.fromtimestamp(now_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws:epochtime": str(int(now_s)),
        "aws:resourceaccount": owner,
        **{f"aws:resourcetag/{key.lower()}": value for key, value in tags.items()},
        **call.conditions,
    }
    told = {
        "aws:requestedregion": region,
        "aws:sourcearn": call.source_arn,
        "aws:sourceaccount": _source_account(call),
    }
    return known | {key: value for key, value in told.items() if value}


def _of_organization(organization: Organization, call: ServiceCall, *, owner: str) -> "dict[str, ContextValue]":
    """Where the two accounts are, as far as they are in it."""
    found: dict[str, ContextValue] = {}
    for side, account_id in (("source", _source_account(call)), ("resource", owner)):
        for key in ("orgid", "orgpaths"):
            value = organization_key(organization, key, account_id=account_id)
            if value is not None:
                found[f"aws:{side}{key}"] = value
    return found


def _source_account(call: ServiceCall) -> str:
    return call.source_account or account_of(call.source_arn)
