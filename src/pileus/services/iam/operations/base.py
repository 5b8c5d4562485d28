"""What does every operation have at hand?"""

from datetime import datetime

from pileus.kernel.auth.key_ids import KeyIds
from pileus.kernel.auth.sealing import Seal
from pileus.kernel.clock import Clock
from pileus.kernel.ids import Ids
from pileus.kernel.storage.seam import Store
from pileus.services.iam import model
from pileus.services.iam.store import IamStore


class Operations:
    """The common ground of the operations. All state is the account's; IAM knows no region."""

    def __init__(self, *, store: Store, seal: Seal, key_ids: KeyIds, clock: Clock, ids: Ids) -> None:
        """seal: for `store.SECRETS_PURPOSE`."""
        self._store = IamStore(store)
        self._seal = seal
        self._key_ids = key_ids
        self._clock = clock
        self._ids = ids

    def _now(self) -> datetime:
        """IAM's dates have no fraction."""
        return model.whole_second(self._clock.now())

    def _new_id(self, prefix: str) -> str:
        """A unique id (IAM User Guide, "Unique identifiers"); never given twice, unlike a name."""
        return prefix + self._ids.base32(model.UNIQUE_ID_CHARS)
