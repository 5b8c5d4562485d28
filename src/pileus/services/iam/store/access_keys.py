"""Where are access keys kept?

Outside of every account, by their id alone: a request tells no more. The account lists the ids of each user's keys.
"""

from typing import Final

from pileus.kernel.storage.keys import Subspace
from pileus.kernel.storage.records import decode, encode
from pileus.services.iam.errors import NoSuchEntity
from pileus.services.iam.records import AccessKeyRecord
from pileus.services.iam.store.base import Reader, Writer

ACCESS_KEYS: Final = Subspace("iam-access-key")


class AccessKeyReader(Reader):
    async def access_keys(self, user_name: str) -> list[AccessKeyRecord]:
        """In order of their ids."""
        pairs = await self._reads.range(*self._keys.range("user-key", user_name.casefold()))
        found = await self._reads.get_many([ACCESS_KEYS.pack(access_key_id.decode()) for _, access_key_id in pairs])
        assert None not in found, "an access key is listed that does not exist"
        return [decode(data, AccessKeyRecord) for data in found if data is not None]

    async def access_key(self, access_key_id: str, *, user_name: str) -> AccessKeyRecord:
        """NoSuchEntity: also when it is another user's."""
        listed = await self._reads.get(self._keys.pack("user-key", user_name.casefold(), access_key_id))
        data = None if listed is None else await self._reads.get(ACCESS_KEYS.pack(access_key_id))
        if data is None:
            raise NoSuchEntity(f"The Access Key with id {access_key_id} cannot be found.")
        return decode(data, AccessKeyRecord)


class AccessKeyWriter(AccessKeyReader, Writer):
    async def access_key_id_taken(self, access_key_id: str) -> bool:
        return await self._tx.get(ACCESS_KEYS.pack(access_key_id)) is not None

    def put_access_key(self, key: AccessKeyRecord) -> None:
        listed = self._keys.pack("user-key", key.user_name.casefold(), key.access_key_id)
        self._tx.set(listed, key.access_key_id.encode())
        self._tx.set(ACCESS_KEYS.pack(key.access_key_id), encode(key))

    def delete_access_key(self, key: AccessKeyRecord) -> None:
        self._tx.clear(self._keys.pack("user-key", key.user_name.casefold(), key.access_key_id))
        self._tx.clear(ACCESS_KEYS.pack(key.access_key_id))
