"""What is measured?"""

import io
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import boto3
import msgspec
from botocore.config import Config

from bench import objects, queues, signing, topics
from bench.generator import NoAnswer, NoResult, drive
from bench.measurements import Floor, Measurement, of_load, of_samples
from bench.processes import Server, cpu_s, descendants, ended, rss_bytes, start_pileus
from bench.signing import Credentials, Signer
from pileus.services.lambda_.runtimes import toolchains

REGION: Final = "us-east-1"
TABLE: Final = "bench"
FUNCTION: Final = "bench"
NODE_FUNCTION: Final = "bench-node"
ROLE: Final = "bench"
RUNTIME: Final = "python3.12"
NODE_RUNTIME: Final = "nodejs20.x"
ITEMS: Final = 100
"""How many items are read, in turn."""
SORTED_TABLE: Final = "bench-sorted"
PARTITIONS: Final = 100
"""Of five items of 400 bytes each."""
BATCH: Final = 25
BATCHES_A_SECOND: Final = 1_000
TRANSACTION: Final = 4
TRANSACTIONS_A_SECOND: Final = 2_000
PUTS_MAX: Final = 100_000
PUTS_A_SECOND: Final = 25_000
"""More than that are prepared for no second; then keys repeat."""

MEMORY_MB: Final = 1_769
"""A whole processor for each environment: what is measured is the server, not how it holds functions back."""
SETTLED_AFTER_S: Final = 1.0
QUIET_AFTER_S: Final = 5.0
"""Memory is idle once this long nothing was asked."""

FLOORS: Final = {
    "get-item": Floor(value=20_000, times_best=4),
    "put-item": Floor(value=10_000, times_best=4),
    "update-item": Floor(value=7_000, times_best=4),
    "query": Floor(value=8_000, times_best=4),
    "batch-write": Floor(value=1_500, times_best=4),
    "transact-write": Floor(value=3_500, times_best=4),
    "invoke": Floor(value=4_000),
    "invoke-1": Floor(p50_ms=1),
    "invoke-event": Floor(value=2_000),
    "invoke-node": Floor(value=3_000),
    "cold-start": Floor(value=25),
    "cold-start-boto3": Floor(value=80),
    "snapstart": Floor(value=15),
    "sqs-send": Floor(value=10_000),
    "sqs-send-batch": Floor(value=2_500),
    "sqs-fifo-send": Floor(value=6_000),
    "sns-publish": Floor(value=5_000),
    "sns-publish-raw": Floor(value=5_000),
    "s3-put-1k": Floor(value=4_000),
    "s3-get-1k": Floor(value=10_000),
    "s3-put-8m": Floor(value=36),
    "s3-get-8m": Floor(value=120),
    "s3-list-1000": Floor(value=300),
    queues.CYCLE: Floor(value=20_000),
    queues.POLL: Floor(p99_ms=5),
    "start": Floor(value=0.5),
    "memory": Floor(value=80),
}
"""What the issues ask for: DESIGN of the walking skeleton, then each service's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """seconds: of load, for each case and target. repeats: of what is measured one by one."""

    seconds: float
    repeats: int
    generator: str
    durability: str
    small: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadCase:
    """A case that is driven with load. requests: made for a server and as many seconds. needs: what is prepared.

    beside: the other servers that it is measured with, by name (`peers.py`). lacks: why it cannot be measured here.
    unread: its answers are large.
    """

    name: str
    needs: Literal["table", "function", "queue", "objects", "nothing"]
    requests: Callable[[Server, float], Sequence[bytes]]
    connections: int = 16
    beside: Sequence[str] = ()
    lacks: Callable[[], str] = lambda: ""
    unread: bool = False


def _item(key: str) -> dict[str, Any]:
    return {"id": {"S": key}, "text": {"S": "x" * 100}, "n": {"N": "42"}}


def _gets(server: Server, seconds: float) -> Sequence[bytes]:
    signed = signer(server, "dynamodb")
    return [
        signing.dynamodb(signed, "GetItem", {"TableName": TABLE, "Key": {"id": {"S": f"item-{n}"}}})
        for n in range(ITEMS)
    ]


def _puts(server: Server, seconds: float) -> Sequence[bytes]:
    signed = signer(server, "dynamodb")
    count = min(PUTS_MAX, int(PUTS_A_SECOND * seconds))
    return [signing.dynamodb(signed, "PutItem", {"TableName": TABLE, "Item": _item(f"put-{n}")}) for n in range(count)]


def _invokes(server: Server, seconds: float) -> Sequence[bytes]:
    signed = signer(server, "lambda")
    return [signing.invoke(signed, FUNCTION, {"n": n}) for n in range(100)]


def _node_invokes(server: Server, seconds: float) -> Sequence[bytes]:
    signed = signer(server, "lambda")
    return [signing.invoke(signed, NODE_FUNCTION, {"n": n}) for n in range(100)]


def _lacks_node() -> str:
    """Node.js is found as Pileus finds it."""
    return "" if toolchains.installed("node") else "there is no Node.js here"


def _events(server: Server, seconds: float) -> Sequence[bytes]:
    signed = signer(server, "lambda")
    return [signing.invoke(signed, FUNCTION, {"n": n}, event=True) for n in range(100)]


def _identities(server: Server, seconds: float) -> Sequence[bytes]:
    return [signing.get_caller_identity(signer(server, "sts"))]


def _http_api_calls(server: Server, seconds: float) -> Sequence[bytes]:
    """Nobody signs these: an HTTP API is for everyone."""
    apis = client(server, "apigatewayv2").get_apis()["Items"]
    host = urlsplit(next(api["ApiEndpoint"] for api in apis if api["Name"] == FUNCTION)).netloc
    return [f"GET /any/path?n=1 HTTP/1.1\r\nhost: {host}\r\nuser-agent: bench\r\n\r\n".encode()]


def _updates(server: Server, seconds: float) -> Sequence[bytes]:
    signed = signer(server, "dynamodb")
    return [
        signing.dynamodb(
            signed,
            "UpdateItem",
            {
                "TableName": TABLE,
                "Key": {"id": {"S": f"item-{n}"}},
                "UpdateExpression": "SET n = n + :one",
                "ConditionExpression": "attribute_exists(id)",
                "ExpressionAttributeValues": {":one": {"N": "1"}},
            },
        )
        for n in range(ITEMS)
    ]


def _queries(server: Server, seconds: float) -> Sequence[bytes]:
    signed = signer(server, "dynamodb")
    return [
        signing.dynamodb(
            signed,
            "Query",
            {
                "TableName": SORTED_TABLE,
                "KeyConditionExpression": "pk = :pk",
                "ExpressionAttributeValues": {":pk": {"S": f"partition-{n}"}},
            },
        )
        for n in range(PARTITIONS)
    ]


def _batches(server: Server, seconds: float) -> Sequence[bytes]:
    signed = signer(server, "dynamodb")
    return [
        signing.dynamodb(
            signed,
            "BatchWriteItem",
            {"RequestItems": {TABLE: [{"PutRequest": {"Item": _item(f"batch-{n}-{m}")}} for m in range(BATCH)]}},
        )
        for n in range(int(BATCHES_A_SECOND * seconds))
    ]


def _transactions(server: Server, seconds: float) -> Sequence[bytes]:
    signed = signer(server, "dynamodb")
    return [
        signing.dynamodb(
            signed,
            "TransactWriteItems",
            {
                "TransactItems": [
                    {"Put": {"TableName": TABLE, "Item": _item(f"transaction-{n}-{m}")}} for m in range(TRANSACTION)
                ]
            },
        )
        for n in range(int(TRANSACTIONS_A_SECOND * seconds))
    ]


def _queue_sends(server: Server, seconds: float) -> Sequence[bytes]:
    return queues.sends(signer(server, "sqs"), queues.url(client(server, "sqs"), queues.QUEUE))


def _queue_batches(server: Server, seconds: float) -> Sequence[bytes]:
    return queues.batches(signer(server, "sqs"), queues.url(client(server, "sqs"), queues.QUEUE))


def _fifo_sends(server: Server, seconds: float) -> Sequence[bytes]:
    return queues.fifo_sends(signer(server, "sqs"), queues.url(client(server, "sqs"), queues.FIFO_QUEUE), seconds)


def _publishes(server: Server, seconds: float) -> Sequence[bytes]:
    return topics.publishes(signer(server, "sns"), client(server, "sns"), "bench-signed")


def _raw_publishes(server: Server, seconds: float) -> Sequence[bytes]:
    return topics.publishes(signer(server, "sns"), client(server, "sns"), "bench-raw")


def _objects(case: str) -> Callable[[Server, float], Sequence[bytes]]:
    return lambda server, seconds: objects.requests(case, signer(server, "s3"), seconds)


_TABLES: Final = ("moto", "dynalite", "dynalite-disk", "ministack")

QUEUES_BESIDE: Final = ("moto", "ministack")
OBJECTS_BESIDE: Final = ("moto", "ministack", "rclone")

LOAD_CASES: Final = (
    LoadCase(name="get-item", needs="table", requests=_gets, beside=_TABLES),
    LoadCase(name="put-item", needs="table", requests=_puts, beside=_TABLES),
    LoadCase(name="update-item", needs="table", requests=_updates, beside=_TABLES),
    LoadCase(name="query", needs="table", requests=_queries, beside=_TABLES),
    LoadCase(name="batch-write", needs="table", requests=_batches, beside=_TABLES),
    LoadCase(name="transact-write", needs="table", requests=_transactions, beside=("moto", "ministack")),
    LoadCase(name="get-caller-identity", needs="nothing", requests=_identities, beside=("moto", "ministack")),
    LoadCase(name="invoke", needs="function", requests=_invokes),
    LoadCase(name="invoke-1", needs="function", requests=_invokes, connections=1),
    LoadCase(name="invoke-event", needs="function", requests=_events),
    LoadCase(name="invoke-node", needs="function", requests=_node_invokes, lacks=_lacks_node),
    LoadCase(name="http-api", needs="function", requests=_http_api_calls),
    LoadCase(name="sqs-send", needs="queue", requests=_queue_sends, beside=QUEUES_BESIDE),
    LoadCase(name="sqs-send-batch", needs="queue", requests=_queue_batches, beside=QUEUES_BESIDE),
    LoadCase(name="sqs-fifo-send", needs="queue", requests=_fifo_sends, beside=QUEUES_BESIDE),
    LoadCase(name="sns-publish", needs="queue", requests=_publishes, beside=QUEUES_BESIDE),
    LoadCase(name="sns-publish-raw", needs="queue", requests=_raw_publishes, beside=QUEUES_BESIDE),
    *(
        LoadCase(
            name=name,
            needs="objects",
            requests=_objects(name),
            beside=OBJECTS_BESIDE,
            unread=name in objects.LARGE_ANSWERS,
        )
        for name in objects.CASES
    ),
)
COLD_CASES: Final = ("cold-start", "cold-start-boto3", "snapstart")
CASES: Final = ("bare", "start", "memory", *(case.name for case in LOAD_CASES), *queues.CASES, *COLD_CASES)


def client(server: Server, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=server.url,
        region_name=REGION,
        aws_access_key_id=server.credentials.access_key_id,
        aws_secret_access_key=server.credentials.secret_access_key,
        config=Config(retries={"max_attempts": 0}, read_timeout=60),
    )


def signer(server: Server, service: str) -> Signer:
    host = f"{server.host}:{server.port}"
    return Signer(server.credentials, region=REGION, service=service, host=host, at=datetime.now(UTC))


def prepare_table(server: Server) -> None:
    """The tables, with the items that are read."""
    dynamodb = client(server, "dynamodb")
    _prepare_sorted_table(dynamodb)
    dynamodb.create_table(
        TableName=TABLE,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.get_waiter("table_exists").wait(TableName=TABLE)
    for n in range(ITEMS):
        dynamodb.put_item(TableName=TABLE, Item=_item(f"item-{n}"))


def _prepare_sorted_table(dynamodb: Any) -> None:
    dynamodb.create_table(
        TableName=SORTED_TABLE,
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.get_waiter("table_exists").wait(TableName=SORTED_TABLE)
    for n in range(PARTITIONS):
        for m in range(5):
            item = {"pk": {"S": f"partition-{n}"}, "sk": {"S": f"{m:03}"}, "text": {"S": "x" * 380}}
            dynamodb.put_item(TableName=SORTED_TABLE, Item=item)


def code(*, first: str = "") -> bytes:
    """A function that does nothing. first: what it does when it is initialised."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("app.py", f"{first}\ndef handler(event, context):\n    return {{'n': event.get('n')}}\n")
    return archive.getvalue()


def _node_code() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("index.js", "exports.handler = async (event) => ({ n: event.n });\n")
    return archive.getvalue()


def prepare_role(server: Server) -> str:
    trust = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},'
        '"Action":"sts:AssumeRole"}]}'
    )
    iam = client(server, "iam")
    return str(iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=trust)["Role"]["Arn"])


def prepare_function(server: Server, role_arn: str) -> None:
    """The function that is invoked, and an HTTP API in front of it."""
    lambda_ = client(server, "lambda")
    function_arn = create_function(lambda_, FUNCTION, role_arn)
    if not _lacks_node():
        node = {"Runtime": NODE_RUNTIME, "Handler": "index.handler", "Code": {"ZipFile": _node_code()}}
        create_function(lambda_, NODE_FUNCTION, role_arn, node)
    client(server, "apigatewayv2").create_api(Name=FUNCTION, ProtocolType="HTTP", Target=function_arn)
    lambda_.add_permission(
        FunctionName=FUNCTION, StatementId="api", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
    )


def create_function(
    lambda_: Any,
    name: str,
    role_arn: str,
    members: Mapping[str, Any] = MappingProxyType({}),
    *,
    first: str = "",
    snap_start: bool = False,
) -> str:
    """A function that is ready; its ARN. With SnapStart it has a version 1, whose snapshot has been taken.

    members: what differs from a Python function that does nothing.
    """
    request = {
        "FunctionName": name,
        "Runtime": RUNTIME,
        "Handler": "app.handler",
        "Role": role_arn,
        "Code": {"ZipFile": code(first=first)},
        "MemorySize": MEMORY_MB,
        "SnapStart": {"ApplyOn": "PublishedVersions" if snap_start else "None"},
        "Publish": snap_start,
        **members,
    }
    made = lambda_.create_function(**request)
    lambda_.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    if snap_start:
        active = lambda_.get_waiter("published_version_active")
        active.wait(FunctionName=name, Qualifier="1", WaiterConfig={"Delay": 1})
    return str(made["FunctionArn"])


def run_load(case: LoadCase, server: Server, target: str, options: Options) -> Measurement:
    """A short run to warm up, then the one that counts. What failed is said instead of a number."""
    if lacking := case.lacks():
        return Measurement(case=case.name, target=target, unit="/s", skipped=lacking)
    requests = case.requests(server, options.seconds)

    def load(seconds: float) -> Measurement:
        done = drive(
            options.generator,
            requests,
            host=server.host,
            port=server.port,
            connections=case.connections,
            seconds=seconds,
            unread=case.unread,
        )
        return of_load(case.name, target, done, connections=case.connections)

    try:
        with suppress(NoAnswer):
            load(min(1.0, options.seconds / 4))
        before_s = cpu_s(server.process.pid)
        measured = load(options.seconds)
        cpu_us = (cpu_s(server.process.pid) - before_s) * 1e6 / max(1, measured.samples)
        return msgspec.structs.replace(measured, cpu_us=cpu_us)
    except NoResult as error:
        return Measurement(case=case.name, target=target, unit="/s", failed=str(error))


def run_queue(case: str, server: Server, target: str, options: Options) -> Measurement:
    """A case of `queues`. What failed is said instead of a number."""
    run = queues.run_cycle if case == queues.CYCLE else queues.run_poll
    try:
        return run(server, target, client(server, "sqs"), seconds=options.seconds)
    except* (queues.Failed, OSError, TimeoutError) as errors:
        failed = str(errors.exceptions[0]) or "no answer came in time"
    return Measurement(case=case, target=target, unit="/s" if case == queues.CYCLE else "ms", failed=failed)


def run_start(data_dir: Path, credentials: Credentials, options: Options) -> Measurement:
    """From the spawn of the process until health answers, on a data directory that exists."""
    samples: list[float] = []
    for _ in range(options.repeats):
        with ended(start_pileus(data_dir, durability=options.durability, credentials=credentials)) as server:
            samples.append(server.start_s)
    return of_samples("start", "pileus", samples, unit="s")


def run_memory(server: Server) -> Measurement:
    """Resident memory of the process, idle; its children's is a note of its own."""
    time.sleep(SETTLED_AFTER_S)
    children = descendants(server.process.pid)
    children_mb = sum(map(rss_bytes, children)) / 1e6
    note = f"and {len(children)} children with {children_mb:.1f} MB" if children else ""
    return of_samples("memory", "pileus", [rss_bytes(server.process.pid) / 1e6], unit="MB", note=note)


def run_cold_start(case: str, server: Server, role_arn: str, options: Options) -> Measurement:
    """The first invocation of functions that never ran, from request to answer."""
    first = "" if case == "cold-start" else "import boto3"
    lambda_ = client(server, "lambda")
    connection = HTTPConnection(server.host, server.port, timeout=60)
    samples: list[float] = []
    for n in range(options.repeats):
        name = f"{FUNCTION}-{case}-{n}"
        create_function(lambda_, name, role_arn, first=first, snap_start=case == "snapstart")
        invoked = f"{name}:1" if case == "snapstart" else name
        request = signing.invoke(signer(server, "lambda"), invoked, {"n": n})
        if connection.sock is None:
            connection.connect()
        begun = time.perf_counter()
        connection.sock.sendall(request)
        status, body = _answer(connection)
        samples.append((time.perf_counter() - begun) * 1000)
        lambda_.delete_function(FunctionName=name)
        if status != 200 or body.strip() != b'{"n": %d}' % n:
            return Measurement(case=case, target="pileus", unit="ms", failed=f"{status} {body[:300]!r}")
    connection.close()
    return of_samples(case, "pileus", samples, unit="ms")


def _answer(connection: HTTPConnection) -> tuple[int, bytes]:
    """Read one answer to a request that was sent by hand."""
    response = connection.response_class(connection.sock, method="POST")
    response.begin()
    return response.status, response.read()


@contextmanager
def bare_server() -> Iterator[int]:
    """The port of a server that only answers."""
    process = subprocess.Popen([sys.executable, "-m", "bench.bare"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


def run_bare(options: Options) -> Measurement:
    """What machine and load generator do when the server does nothing."""
    request = b"POST / HTTP/1.1\r\nhost: bare\r\ncontent-length: 50\r\n\r\n" + b"x" * 50
    try:
        with bare_server() as port:
            load = drive(
                options.generator, [request], host="127.0.0.1", port=port, connections=16, seconds=options.seconds
            )
    except NoResult as error:
        return Measurement(case="bare", target="bare", unit="/s", failed=str(error))
    return of_load("bare", "bare", load, connections=16)
