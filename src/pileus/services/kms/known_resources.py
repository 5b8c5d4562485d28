"""What does KMS tell the policy engine of a key?

Its policy always, since it is the root of authority over the key, with a statement for each grant that names whoever
asks (`grants`). A request that names a key by an alias is about the key: `names.KeyName.asked`.
"""

from pileus.kernel.auth.permissions import KnownResource
from pileus.kernel.auth.policy import NamedPolicy, compile_policy
from pileus.kernel.auth.policy.principals import asker_of
from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Store
from pileus.services.kms.grant_records import grants_about
from pileus.services.kms.grants import DETAIL, detail_of, with_grants
from pileus.services.kms.key_records import KnownKeys, find_alias
from pileus.services.kms.model import GrantRecord, KeyRecord
from pileus.services.kms.names import name_of_arn

_REMEMBERED_MAX = 4_096


class KeyResources:
    """Knows keys, with their policies."""

    def __init__(self, store: Store) -> None:
        self._snapshot = store.snapshot()
        self._known = KnownKeys()
        self._remembered: dict[str, tuple[KeyRecord, KnownResource]] = {}

    @property
    def eager(self) -> bool:
        """Each key has a policy, and nothing is allowed without it."""
        return True

    async def find(self, context: RequestContext, arn: str) -> KnownResource | None:
        named = name_of_arn(arn)
        if named is None or ":key/" not in arn:
            return None  # an alias itself has no policy
        key_id = named.name
        home = {"account_id": named.account_id, "region": named.region}
        if named.is_alias:
            alias = await find_alias(self._snapshot, **home, name=named.name)
            if alias is None:
                return None
            key_id = alias.key_id
        key = await self._known.find(self._snapshot, **home, key_id=key_id)
        if key is None:
            return None
        if key.grants:
            asker = asker_of(context.principal)
            grants = await grants_about(self._snapshot, key, asker.itself | asker.issuer | asker.account)
            if grants:
                return _resource(key, grants)
        kept = self._remembered.get(key.arn)
        if kept is not None and kept[0] is key:
            return kept[1]
        if len(self._remembered) >= _REMEMBERED_MAX:
            self._remembered.clear()
        known = _resource(key, ())
        self._remembered[key.arn] = key, known
        return known


def _resource(key: KeyRecord, grants: "list[GrantRecord] | tuple[()]") -> KnownResource:
    details = {"spec": key.spec, "usage": key.usage, "origin": key.origin, "aliases": "\n".join(key.aliases)}
    policy = key.policy
    if grants:
        details[DETAIL] = detail_of(grants)
        policy = with_grants(policy, grants)
    named = NamedPolicy(key.arn, compile_policy(policy), "key")
    return KnownResource(arn=key.arn, tags=key.tags, policy=named, details=details)
