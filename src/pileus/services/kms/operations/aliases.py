"""Other names of keys."""

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Snapshot
from pileus.services.kms.errors import (
    AlreadyExistsException,
    LimitExceededException,
    ValidationException,
    unknown_alias,
)
from pileus.services.kms.finding import check_alive
from pileus.services.kms.key_records import clear_alias, find_alias, list_aliases, put_alias, put_key
from pileus.services.kms.limits import ALIASES_LISTED_DEFAULT, ALIASES_LISTED_MAX, ALIASES_PER_KEY_MAX
from pileus.services.kms.managed import TITLES
from pileus.services.kms.model import AliasRecord, KeyRecord, moment
from pileus.services.kms.names import AWS_ALIAS, alias_arn, check_alias_name
from pileus.services.kms.operations.base import KmsBase
from pileus.services.kms.paging import Page, page, told, write_marker
from pileus.services.kms.shapes import (
    AliasListEntry,
    CreateAliasRequest,
    DeleteAliasRequest,
    ListAliasesRequest,
    ListAliasesResponse,
    UpdateAliasRequest,
)


class AliasOperations(KmsBase):
    """Aliases, each of one key of the same account and region."""

    async def create_alias(self, context: RequestContext, request: CreateAliasRequest) -> None:
        name = request.alias_name
        check_alias_name(name)
        home = {"account_id": context.account_id, "region": context.region, "name": name}
        async with self._store.transaction() as tx:
            if await find_alias(tx, **home) is not None:
                raise AlreadyExistsException(f"An alias with the name {alias_arn(context, name)} already exists")
            key = await self.keys.customers(tx, context, request.target_key_id)
            check_alive(key)
            now_s = self._clock.timestamp()
            put_alias(tx, **home, alias=AliasRecord(key_id=key.key_id, created_at_s=now_s, updated_at_s=now_s))
            put_key(tx, _named(key, name))

    async def update_alias(self, context: RequestContext, request: UpdateAliasRequest) -> None:
        """Only to a key of the same kind and usage (API_UpdateAlias)."""
        name = request.alias_name
        check_alias_name(name)
        home = {"account_id": context.account_id, "region": context.region, "name": name}
        async with self._store.transaction() as tx:
            alias = await find_alias(tx, **home)
            if alias is None:
                raise unknown_alias(alias_arn(context, name))
            before = await self.keys.own(tx, context, alias.key_id)
            key = await self.keys.customers(tx, context, request.target_key_id)
            check_alive(key)
            if (key.symmetric, key.usage) != (before.symmetric, before.usage):
                raise ValidationException(
                    f"Alias {alias_arn(context, name)} cannot be changed from {before.arn} to {key.arn}. "
                    "The key usage and type of the current key and the new key must be the same."
                )
            now_s = self._clock.timestamp()
            put_alias(tx, **home, alias=msgspec.structs.replace(alias, key_id=key.key_id, updated_at_s=now_s))
            if key.key_id != before.key_id:
                put_key(tx, _unnamed(before, name))
                put_key(tx, _named(key, name))

    async def delete_alias(self, context: RequestContext, request: DeleteAliasRequest) -> None:
        name = request.alias_name
        check_alias_name(name)
        home = {"account_id": context.account_id, "region": context.region, "name": name}
        async with self._store.transaction() as tx:
            alias = await find_alias(tx, **home)
            if alias is None:
                raise unknown_alias(alias_arn(context, name))
            put_key(tx, _unnamed(await self.keys.own(tx, context, alias.key_id), name))
            clear_alias(tx, **home)

    async def list_aliases(self, context: RequestContext, request: ListAliasesRequest) -> ListAliasesResponse:
        """Of the account, with the predefined ones that have no key yet; or of one key."""
        snapshot = self._store.snapshot()
        asked = page(request.marker, request.limit, default=ALIASES_LISTED_DEFAULT, most=ALIASES_LISTED_MAX)
        if request.key_id is None:
            found = await self._of_account(snapshot, context, asked)
        else:
            key = await self.keys.own(snapshot, context, request.key_id)
            names = sorted(name for name in key.aliases if asked.beyond is None or name > asked.beyond)
            found = [(name, await _alias(snapshot, context, name)) for name in names[: asked.read]]
        shown, more = told(found, asked)
        return ListAliasesResponse(
            aliases=[_entry(context, name, alias) for name, alias in shown],
            next_marker=write_marker(shown[-1][0]) if more else None,
            truncated=more,
        )

    async def _of_account(
        self, snapshot: Snapshot, context: RequestContext, asked: Page
    ) -> list[tuple[str, AliasRecord | None]]:
        """By name; None for what has no key."""
        home = {"account_id": context.account_id, "region": context.region}
        found: dict[str, AliasRecord | None] = dict(
            await list_aliases(snapshot, **home, beyond=asked.beyond, limit=asked.read)
        )
        for name in (AWS_ALIAS + service for service in TITLES):
            if (asked.beyond is None or name > asked.beyond) and await _alias(snapshot, context, name) is None:
                found[name] = None
        return sorted(found.items(), key=lambda pair: pair[0])[: asked.read]


async def _alias(snapshot: Snapshot, context: RequestContext, name: str) -> AliasRecord | None:
    return await find_alias(snapshot, account_id=context.account_id, region=context.region, name=name)


def _entry(context: RequestContext, name: str, alias: AliasRecord | None) -> AliasListEntry:
    """API_ListAliases: a predefined alias without a key has neither target nor dates."""
    if alias is None:
        return AliasListEntry(alias_name=name, alias_arn=alias_arn(context, name))
    return AliasListEntry(
        alias_name=name,
        alias_arn=alias_arn(context, name),
        target_key_id=alias.key_id,
        creation_date=moment(alias.created_at_s),
        last_updated_date=moment(alias.updated_at_s),
    )


def _named(key: KeyRecord, name: str) -> KeyRecord:
    if len(key.aliases) >= ALIASES_PER_KEY_MAX:
        raise LimitExceededException(f"The key {key.arn} has {ALIASES_PER_KEY_MAX} aliases, which is the most.")
    return msgspec.structs.replace(key, aliases=(*key.aliases, name))


def _unnamed(key: KeyRecord, name: str) -> KeyRecord:
    return msgspec.structs.replace(key, aliases=tuple(each for each in key.aliases if each != name))
