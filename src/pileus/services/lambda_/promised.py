"""How much concurrency is promised already?"""

from pileus.kernel.storage.seam import Snapshot
from pileus.services.lambda_ import settings_store
from pileus.services.lambda_.names import FunctionName
from pileus.services.lambda_.settings import ConcurrencyRecord, ProvisionedRecord


async def reserved(snapshot: Snapshot, function: FunctionName, *, but: str = "") -> int:
    """Of all functions of the account, but for one."""
    settings = await settings_store.list_every_setting(
        snapshot, account_id=function.account_id, region=function.region, kind=ConcurrencyRecord
    )
    return sum(setting.reserved for name, _, setting in settings if name != but)


async def provisioned(snapshot: Snapshot, function: FunctionName, *, but: str | None = None) -> int:
    """Of all versions and aliases of a function, but for one."""
    settings = await settings_store.list_settings(snapshot, function, ProvisionedRecord)
    return sum(setting.requested for qualifier, setting in settings if qualifier != but)
