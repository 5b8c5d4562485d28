"""IAM on a store of its own, called by the names and in the shapes of the model."""

from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from botocore import xform_name

from pileus.kernel.auth.key_ids import KeyIds
from pileus.kernel.auth.principals import root_of
from pileus.kernel.auth.sealing import Seal
from pileus.kernel.clock import MovableClock
from pileus.kernel.context import Principal, RequestContext
from pileus.kernel.errors import ServiceError
from pileus.kernel.ids import SystemIds
from pileus.kernel.storage.sqlite import open_store
from pileus.services.iam import shapes
from pileus.services.iam.api import IamApi
from pileus.services.iam.policies import IamPolicySource
from pileus.services.iam.store import SECRETS_PURPOSE, IamKeyDirectory

ACCOUNT = "111111111111"
SECRET = bytes(range(32))
TRUST = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow",'
    '"Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}'
)
POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'
BASIC_EXECUTION = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


class Iam:
    """`await iam("CreateUser", UserName="ada")` answers what boto3 would, dates as datetimes."""

    def __init__(self, data_dir: Path) -> None:
        self.clock = MovableClock()
        self.store = open_store(data_dir, clock=self.clock)
        ids = SystemIds()
        seal = Seal(SECRET, purpose=SECRETS_PURPOSE, ids=ids)
        self.api = IamApi(store=self.store, seal=seal, key_ids=KeyIds(SECRET, ids), clock=self.clock, ids=ids)
        self.keys = IamKeyDirectory(self.store, seal)
        self.policies = IamPolicySource(self.store)

    async def __call__(
        self, operation: str, *, account_id: str = ACCOUNT, principal: Principal | None = None, **parameters: Any
    ) -> Any:
        context = RequestContext(
            service="iam",
            operation=operation,
            request_id="r",
            account_id=account_id,
            region="us-east-1",
            principal=principal or root_of(account_id),
            source_ip="127.0.0.1",
            host="localhost",
        )
        request = msgspec.convert(parameters, getattr(shapes, f"{operation}Request"))
        answer = await getattr(self.api, xform_name(operation))(context, request)
        return None if answer is None else msgspec.to_builtins(answer, builtin_types=(datetime,))

    async def refused(self, operation: str, **parameters: Any) -> tuple[str, str]:
        """The error's code and message."""
        with pytest.raises(ServiceError) as caught:
            await self(operation, **parameters)
        return caught.value.error_code, caught.value.message

    async def pages(self, operation: str, member: str, *, size: int, **parameters: Any) -> list[Any]:
        """Every entry of a list, read in pages of this size."""
        found: list[Any] = []
        marker: dict[str, Any] = {}
        while True:
            answer = await self(operation, MaxItems=size, **marker, **parameters)
            assert len(answer[member]) <= size
            found += answer[member]
            if not answer["IsTruncated"]:
                assert "Marker" not in answer
                return found
            marker = {"Marker": answer["Marker"]}


def policy_arn(name: str, path: str = "/") -> str:
    return f"arn:aws:iam::{ACCOUNT}:policy{path}{name}"
