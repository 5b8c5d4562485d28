"""Where are access keys kept?

Outside of every account, by their id alone: a request tells no more. The account lists the ids of each user's keys.
"""

from typing import Final

from pileus.kernel.storage.keys import Subspace
from pileus.kernel.storage.records import decode, encode
from pileus.services.iam.errors import NoSuchEntity
from pileus.services.iam.records import AccessKeyRecord, UserRecord
from pileus.services.iam.store.base import Reader, Writer

ACCESS_KEYS: Final = Subspace("iam-access-key")
KEY_USES: Final = Subspace("iam-access-key-use")
"""When each was last used; written by `credentials.put_key_use`, gone with its key."""


class AccessKeyReader(Reader):
    async def access_keys(self, user: UserRecord) -> list[AccessKeyRecord]:
        """In order of their ids."""
        ids = await self._last_parts("access-key", user.user_id)
        found = await self._reads.get_many([ACCESS_KEYS.pack(access_key_id) for access_key_id in ids])
        return [decode(data, AccessKeyRecord) for data in found if data is not None]

    async def access_key(self, access_key_id: str, *, user: UserRecord) -> AccessKeyRecord:
        """NoSuchEntity: also when it is another user's."""
        data = await self._reads.get(ACCESS_KEYS.pack(access_key_id))
        key = None if data is None else decode(data, AccessKeyRecord)
        if key is None or key.user_id != user.user_id:
            raise NoSuchEntity(f"The Access Key with id {access_key_id} cannot be found.")
        return key


class AccessKeyWriter(AccessKeyReader, Writer):
    async def access_key_id_taken(self, access_key_id: str) -> bool:
        return await self._tx.get(ACCESS_KEYS.pack(access_key_id)) is not None

    def put_access_key(self, key: AccessKeyRecord) -> None:
        self._mark("access-key", key.user_id, key.access_key_id)
        self._tx.set(ACCESS_KEYS.pack(key.access_key_id), encode(key))

    def delete_access_key(self, key: AccessKeyRecord) -> None:
        self._clear("access-key", key.user_id, key.access_key_id)
        self._tx.clear(ACCESS_KEYS.pack(key.access_key_id))
        self._tx.clear(KEY_USES.pack(key.access_key_id))
