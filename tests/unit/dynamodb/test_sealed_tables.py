"""What is written down of a table whose key may have stopped to open, without KMS."""

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import AnyServiceError
from pileus.kernel.storage.seam import Snapshot
from pileus.services.dynamodb.keys_of_kms import TableKey
from pileus.services.dynamodb.tables.names import TablePlace
from tests.unit.dynamodb.conftest import Dynamo

ARN = "arn:aws:kms:us-east-1:000000000000:key/k"
KMS = {"Enabled": True, "SSEType": "KMS"}
MANAGED = "arn:aws:kms:us-east-1:000000000000:key/aws"


class Keys:
    """One key of somebody's, which opens while it is not broken, and the one that AWS manages, which nobody opens."""

    def __init__(self) -> None:
        self.broken = False

    async def seal(self, context: RequestContext, place: TablePlace, key_id: str | None) -> TableKey:
        return TableKey(MANAGED) if key_id is None else TableKey(ARN, b"sealed")

    async def open(self, context: RequestContext | None, reader: Snapshot, place: TablePlace, sealed: bytes) -> None:
        if self.broken or sealed != b"sealed":
            raise AnyServiceError("ValidationException", "KMS key disabled error")


async def test_a_table_that_has_another_key_meanwhile(dynamo: Dynamo) -> None:
    """DescribeTable reads a table twice, and others work in between: AWS's own key is none that could fail to open."""
    keys = dynamo.api._keys = Keys()
    name = await dynamo.table()
    await dynamo.call("UpdateTable", TableName=name, SSESpecification=KMS | {"KMSMasterKeyId": ARN})
    sealed = await dynamo.api._at(TablePlace("000000000000", "us-east-1", name), dynamo.store.snapshot())
    assert sealed is not None
    assert sealed.sealed
    await dynamo.call("UpdateTable", TableName=name, SSESpecification=KMS)
    found = await dynamo.api._looked_for_key(sealed)
    assert found.record.encryption is not None
    assert (found.record.encryption.key_arn, found.record.encryption.inaccessible_since_s) == (MANAGED, None)
    keys.broken = True
    assert (await dynamo.call("DescribeTable", TableName=name))["Table"]["TableStatus"] == "ACTIVE"
