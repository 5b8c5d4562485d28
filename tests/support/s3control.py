"""A boto3 client of S3 Control, whose hosts begin with the account: no address has a name before it."""

from typing import Any

import boto3

from tests.conftest import Server

ACCOUNT = "111111111111"


def control_client(server: Server, **options: Any) -> Any:
    """As `Server.client`, but every request goes to the server's own address, and says to whom it was meant to go."""
    options = {"region_name": "us-east-1", "aws_access_key_id": ACCOUNT, "aws_secret_access_key": "test", **options}
    client = boto3.client("s3control", endpoint_url=server.url.replace("127.0.0.1", "localhost"), **options)

    def lead_home(request: Any, **_: Any) -> None:
        host, slash, path = request.url.removeprefix("http://").partition("/")
        request.headers["Host"] = host
        request.url = f"{server.url}{slash}{path}"

    client.meta.events.register("before-send.s3-control", lead_home)
    return client
