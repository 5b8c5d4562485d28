"""Grants: somebody may use a key, until the grant is retired or revoked."""

from typing import Any

import msgspec

from pileus.kernel.auth.policy.principals import is_aws_principal
from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.kernel.storage.seam import Transaction
from pileus.services.kms.errors import (
    InvalidArnException,
    InvalidGrantIdException,
    LimitExceededException,
    NotFoundException,
    ValidationException,
)
from pileus.services.kms.finding import check_usable
from pileus.services.kms.grant_records import clear_grant, find_grant, list_grants, list_retirable, put_grant
from pileus.services.kms.grants import check_token, write_token
from pileus.services.kms.key_records import put_key
from pileus.services.kms.limits import GRANTS_LISTED_DEFAULT, GRANTS_LISTED_MAX, GRANTS_PER_KEY_MAX
from pileus.services.kms.model import GrantRecord, KeyRecord, moment
from pileus.services.kms.operations.base import KmsBase, end_dry_run
from pileus.services.kms.paging import page, told, write_marker
from pileus.services.kms.shapes import (
    CreateGrantRequest,
    CreateGrantResponse,
    GrantConstraints,
    GrantListEntry,
    ListGrantsRequest,
    ListGrantsResponse,
    ListRetirableGrantsRequest,
    RetireGrantRequest,
    RevokeGrantRequest,
)

_GRANT_ID_BYTES = 32


class GrantOperations(KmsBase):
    """Source: KMS Developer Guide, "Grants in AWS KMS"; API_CreateGrant."""

    async def create_grant(self, context: RequestContext, request: CreateGrantRequest) -> CreateGrantResponse:
        """Named as one that is there and is the same, it is that one (API_CreateGrant, `Name`)."""
        self._check_tokens(request.grant_tokens)
        asked = self._asked(context, request)
        async with self._store.transaction() as tx:
            key = await self.keys.get(tx, context, request.key_id)
            check_usable(key)
            if (asked.subset is not None or asked.equals is not None) and not key.symmetric:
                raise ValidationException("Grant constraints are supported for symmetric encryption KMS keys only.")
            end_dry_run(request.dry_run)
            grant = await _same(tx, key, asked) or asked
            if grant is asked:
                if key.grants >= GRANTS_PER_KEY_MAX:
                    raise LimitExceededException(
                        f"The key {key.arn} has {GRANTS_PER_KEY_MAX} grants, which is the most."
                    )
                put_grant(tx, key, grant)
                put_key(tx, msgspec.structs.replace(key, grants=key.grants + 1))
        token = write_token(key.arn, grant.grant_id, secret=self._token_secret)
        return CreateGrantResponse(grant_token=token, grant_id=grant.grant_id)

    def _asked(self, context: RequestContext, request: CreateGrantRequest) -> GrantRecord:
        constraints = request.constraints or GrantConstraints()
        if request.grantee_service_principal or request.retiring_service_principal or constraints.source_arn:
            raise NotImplementedByPileus("Pileus does not implement kms grants for service principals yet")
        if request.grantee_principal is None:
            raise ValidationException(
                "1 validation error detected: Value null at 'granteePrincipal' failed to satisfy constraint: "
                "Member must not be null"
            )
        if not request.operations:
            raise ValidationException("A grant must allow at least one operation.")
        for principal in (request.grantee_principal, request.retiring_principal):
            if principal is not None and not (principal.startswith("arn:") and is_aws_principal(principal)):
                raise InvalidArnException(f"Invalid arn {principal}")
        return GrantRecord(
            grant_id=self._ids.bytes(_GRANT_ID_BYTES).hex(),
            grantee=request.grantee_principal,
            operations=tuple(dict.fromkeys(request.operations)),
            issuing_account=f"arn:{context.partition}:iam::{context.account_id}:root",
            created_at_s=self._clock.timestamp(),
            retiring=request.retiring_principal or "",
            name=request.name or "",
            subset=constraints.encryption_context_subset,
            equals=constraints.encryption_context_equals,
        )

    async def list_grants(self, context: RequestContext, request: ListGrantsRequest) -> ListGrantsResponse:
        """Of a key, in every state of it."""
        snapshot = self._store.snapshot()
        key = await self.keys.get(snapshot, context, request.key_id)
        asked = page(request.marker, request.limit, default=GRANTS_LISTED_DEFAULT, most=GRANTS_LISTED_MAX)
        if request.grant_id is not None:
            one = await find_grant(snapshot, key, request.grant_id)
            if one is None:
                raise InvalidGrantIdException
            found = [one]
        elif request.grantee_principal is None:
            found = await list_grants(snapshot, key, beyond=asked.beyond, limit=asked.read)
        else:
            found = [
                grant
                for grant in await list_grants(snapshot, key, beyond=asked.beyond)
                if grant.grantee == request.grantee_principal
            ]
        shown, more = told(found, asked)
        return ListGrantsResponse(
            grants=[_entry(key, grant) for grant in shown],
            next_marker=write_marker(shown[-1].grant_id) if more else None,
            truncated=more,
        )

    async def list_retirable_grants(
        self, context: RequestContext, request: ListRetirableGrantsRequest
    ) -> ListGrantsResponse:
        """Of all keys of the account in the region, by who may retire them."""
        principal = request.retiring_principal
        if principal is None:
            raise ValidationException(
                "1 validation error detected: Value null at 'retiringPrincipal' failed to satisfy constraint: "
                "Member must not be null"
            )
        snapshot = self._store.snapshot()
        asked = page(request.marker, request.limit, default=GRANTS_LISTED_DEFAULT, most=GRANTS_LISTED_MAX)
        beyond = None
        if asked.beyond is not None:
            key_id, _, grant_id = asked.beyond.partition(" ")
            beyond = (key_id, grant_id)
        home = {"account_id": context.account_id, "region": context.region}
        found = await list_retirable(snapshot, **home, principal=principal, beyond=beyond, limit=asked.read)
        shown, more = told(found, asked)
        entries = []
        for key_id, grant_id in shown:
            key = await self.known.find(snapshot, **home, key_id=key_id)
            assert key is not None, "a grant of a key that is gone"
            grant = await find_grant(snapshot, key, grant_id)
            assert grant is not None, "an index names a grant that is gone"
            entries.append(_entry(key, grant))
        return ListGrantsResponse(
            grants=entries, next_marker=write_marker(" ".join(shown[-1])) if more else None, truncated=more
        )

    async def revoke_grant(self, context: RequestContext, request: RevokeGrantRequest) -> None:
        """By whoever administers the key."""
        async with self._store.transaction() as tx:
            key = await self.keys.get(tx, context, request.key_id)
            await self._end(tx, key, request.grant_id, dry_run=request.dry_run)

    async def retire_grant(self, context: RequestContext, request: RetireGrantRequest) -> None:
        """By whom the grant names for that, or by its grantee where it says so."""
        by_token = request.grant_token is not None
        if by_token == (request.grant_id is not None) or by_token == (request.key_id is not None):
            raise ValidationException("You must specify either a grant token, or a key ID and a grant ID.")
        async with self._store.transaction() as tx:
            if request.grant_token is not None:
                key_id, grant_id = check_token(request.grant_token, secret=self._token_secret)
            else:
                key_id, grant_id = request.key_id or "", request.grant_id or ""
            key = await self.keys.get(tx, context, key_id)
            await self._end(tx, key, grant_id, dry_run=request.dry_run)

    async def _end(self, tx: Transaction, key: KeyRecord, grant_id: str, *, dry_run: bool | None) -> None:
        grant = await find_grant(tx, key, grant_id)
        if grant is None:
            raise NotFoundException(f"Grant ID {grant_id} is not found for key {key.arn}")
        end_dry_run(dry_run)
        clear_grant(tx, key, grant)
        put_key(tx, msgspec.structs.replace(key, grants=key.grants - 1))


async def _same(tx: Transaction, key: KeyRecord, asked: GrantRecord) -> GrantRecord | None:
    """One of the same name that says the same."""
    if not asked.name or not key.grants:
        return None
    for grant in await list_grants(tx, key):
        if msgspec.structs.replace(grant, grant_id=asked.grant_id, created_at_s=asked.created_at_s) == asked:
            return grant
    return None


def _entry(key: KeyRecord, grant: GrantRecord) -> GrantListEntry:
    operations: Any = list(grant.operations)
    constrained = grant.subset is not None or grant.equals is not None
    return GrantListEntry(
        key_id=key.arn,
        grant_id=grant.grant_id,
        name=grant.name,
        creation_date=moment(grant.created_at_s),
        grantee_principal=grant.grantee,
        retiring_principal=grant.retiring or None,
        issuing_account=grant.issuing_account,
        operations=operations,
        constraints=GrantConstraints(encryption_context_subset=grant.subset, encryption_context_equals=grant.equals)
        if constrained
        else None,
    )
