"""What the pool is told to keep, and what an account has left."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from pileus.services.lambda_ import settings_store, shapes
from pileus.services.lambda_.environments.concurrency import Limits, Unreserved
from pileus.services.lambda_.environments.types import FunctionSpec
from pileus.services.lambda_.names import FunctionName
from pileus.services.lambda_.provisioner import AccountConcurrency, Provisioner
from pileus.services.lambda_.provisioning import Provisioned
from pileus.services.lambda_.settings import ConcurrencyRecord
from tests.unit.lambda_.conftest import ACCOUNT, Lambda, archive, context

_ARN = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f"


class Fleets:
    """Notes what is wanted."""

    def __init__(self) -> None:
        self.limits: Limits | None = None
        self.appeared: Callable[[], None] | None = None
        self.told: list[dict[str, int]] = []

    def provide(self, wanted: Sequence[tuple[FunctionSpec, int]]) -> None:
        self.told.append({spec.function_arn: count for spec, count in wanted})

    def provisioned(self, function_arn: str) -> Provisioned | None:
        count = self.told[-1].get(function_arn) if self.told else None
        return None if count is None else Provisioned(allocated=count, available=count)


async def _settled(provisioner: Provisioner) -> None:
    while provisioner._task is not None and not provisioner._task.done():
        await asyncio.sleep(0)


async def _publish(functions: Lambda, number: int) -> None:
    code = archive({"index.py": str(number)})
    request = shapes.UpdateFunctionCodeRequest(function_name="f", zip_file=code, publish=True)
    await functions.api.update_function_code(context(), request)


async def test_an_alias_provisions_the_version_it_points_at(functions: Lambda) -> None:
    """Also when it moves; and after a start whoever asks first brings everything back."""
    await functions.create()
    for number in (1, 2):
        await _publish(functions, number)
    api: Any = functions.api
    fleets = Fleets()
    provisioner = api.provisioned_fleets = Provisioner(
        store=functions.store, resolver=api._invoker.resolver, fleets=fleets
    )
    await api.create_alias(context(), shapes.CreateAliasRequest(function_name="f", name="live", function_version="1"))
    put = shapes.PutProvisionedConcurrencyConfigRequest(
        function_name="f", qualifier="live", provisioned_concurrent_executions=3
    )
    await api.put_provisioned_concurrency_config(context(), put)
    await _settled(provisioner)
    assert fleets.told[-1] == {f"{_ARN}:1": 3}
    await api.update_alias(context(), shapes.UpdateAliasRequest(function_name="f", name="live", function_version="2"))
    await _settled(provisioner)
    assert fleets.told[-1] == {f"{_ARN}:2": 3}

    started = Fleets()
    again = api.provisioned_fleets = Provisioner(store=functions.store, resolver=api._invoker.resolver, fleets=started)
    assert started.appeared == again.provisions_changed
    get = shapes.GetProvisionedConcurrencyConfigRequest(function_name="f", qualifier="live")
    assert (await api.get_provisioned_concurrency_config(context(), get)).status == "IN_PROGRESS"
    await _settled(again)
    assert started.told == [{f"{_ARN}:2": 3}]
    assert (await api.get_provisioned_concurrency_config(context(), get)).status == "READY"
    await api.delete_function(context(), shapes.DeleteFunctionRequest(function_name="f"))
    again.provisions_changed()
    await _settled(again)
    assert started.told[-1] == {}


async def test_what_an_account_has_left(functions: Lambda) -> None:
    """1,000, less what is reserved in that region."""
    limits = AccountConcurrency(functions.store)
    assert await limits.unreserved(account_id=ACCOUNT, region="us-east-1") == Unreserved(
        concurrency=1_000, reserved_by=frozenset()
    )

    async def reserve(tx: Any) -> None:
        for name, count in (("a", 0), ("b", 250)):
            function = FunctionName(partition="aws", region="us-east-1", account_id=ACCOUNT, name=name)
            settings_store.put_setting(tx, function, ConcurrencyRecord(reserved=count))

    await functions.store.run(reserve)
    assert await limits.unreserved(account_id=ACCOUNT, region="us-east-1") == Unreserved(
        concurrency=750, reserved_by=frozenset({"a", "b"})
    )
    assert (await limits.unreserved(account_id=ACCOUNT, region="eu-west-1")).concurrency == 1_000
