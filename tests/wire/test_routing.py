"""Requests for AWS, for what users deployed, and for Pileus itself part before anything is read."""

from pathlib import Path

import pytest

from pileus.kernel.errors import AnyServiceError
from pileus.kernel.http.browsers import BrowserGuard
from pileus.kernel.http.messages import Headers, Request, Response
from pileus.kernel.routing import Router
from pileus.kernel.wire.catalog import catalog
from pileus.kernel.wire.finder import Refused
from pileus.kernel.wire.model import Http, OperationModel, UnknownService, botocore_data, load_model
from pileus.kernel.wire.registered import Operation
from pileus.kernel.wire.routes import Routes
from tests.wire.harness import Desk


class Named:
    """A handler that answers its name."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def __call__(self, request: Request) -> Response:
        return Response(200, (), self.name.encode())

    async def find(self, request: Request) -> Operation:
        raise Refused(AnyServiceError("none"), lambda error, request_id: Response(404))

    def lost(self, request: Request, response: Response) -> Response | None:
        return Response(500, (("x-amzn-RequestId", "r"),), b"lost")


@pytest.mark.parametrize(
    ("host", "target", "headers", "handler"),
    [
        ("localhost:4566", "/", {}, "aws"),
        ("127.0.0.1:4566", "/v2/apis", {}, "aws"),
        ("", "/", {}, "aws"),
        ("localhost:4566", "/_pileus/health", {}, "admin"),
        ("localhost:4566", "/_pileus", {}, "aws"),
        ("localhost:4566", "/", {"x-amz-target": "DynamoDB_20120810.GetItem"}, "aws"),
        ("abc.execute-api.localhost:4566", "/", {"x-amz-target": "DynamoDB_20120810.GetItem"}, "apis"),
        ("ABC.Execute-Api.localhost:4566", "/", {}, "apis"),
        ("abc.execute-api.us-east-1.amazonaws.com", "/_pileus/health", {}, "apis"),
        ("abc.execute-api.localhost:4566", "/x", {}, "apis"),
        ("execute-api.us-east-1.amazonaws.com", "/x", {}, "aws"),
        ("localhost", "/_aws/execute-api/abc/stage/x", {}, "apis"),
        ("localhost", "/restapis/abc/stage/_user_request_/x", {}, "apis"),
        ("localhost", "/restapis/abc", {}, "aws"),
        ("bucket.s3.localhost", "/_pileus/health", {}, "aws"),
        ("my.execute-api.s3.us-east-1.amazonaws.com", "/x", {}, "aws"),
        ("site.s3-website-us-east-1.amazonaws.com", "/_pileus/health", {}, "sites"),
        ("www.site.com.s3-website.localhost", "/", {}, "sites"),
    ],
)
async def test_each_to_its_own(host: str, target: str, headers: dict[str, str], handler: str) -> None:
    """The host decides, then the longest beginning of the path, whatever target a client names."""
    router = Router(Named("aws"))
    router.add_path("/_pileus/", Named("admin"))
    router.add_path("/_aws/", Named("other"))
    router.add_path("/_aws/execute-api/", Named("apis"))
    router.add_path("/restapis/", Named("apis"), containing="/_user_request_/")
    router.add_host("execute-api", Named("apis"))
    router.add_hosts(lambda host: ".s3-website" in host, Named("sites"))
    request = Request(method="GET", target=target, headers=headers | ({"host": host} if host else {}))
    assert (await router(request)).body == handler.encode()


@pytest.mark.parametrize(
    ("host", "target", "said"),
    [
        ("localhost:4566", "/", True),
        ("bucket.s3.localhost", "/_pileus/health", True),
        ("localhost:4566", "/restapis/abc", True),
        ("localhost:4566", "/_pileus/clock", False),
        ("abc.execute-api.localhost:4566", "/x", False),
        ("localhost", "/restapis/abc/stage/_user_request_/x", False),
    ],
)
def test_a_lost_answer_is_told_in_the_words_of_an_api_only_where_one_was_asked(
    host: str, target: str, said: bool
) -> None:
    """What users deployed, and Pileus's own pages, speak no protocol of AWS; a page may read what it may read."""
    router = Router(Named("aws"))
    router.add_path("/_pileus/", Named("admin"))
    router.add_path("/restapis/", Named("apis"), containing="/_user_request_/")
    router.add_host("execute-api", Named("apis"))
    request = Request(method="GET", target=target, headers={"host": host})
    answered = Response(200, (("ETag", "e"), ("Access-Control-Allow-Origin", "*"), ("Vary", "Origin")), b"secret")
    told = router.lost(request, answered)
    if not said:
        assert told is None
        return
    assert told == Response(
        500, [("x-amzn-RequestId", "r"), ("Access-Control-Allow-Origin", "*"), ("Vary", "Origin")], b"lost"
    )


@pytest.mark.parametrize(
    ("target", "status"),
    [("/2015-03-31/key", 200), ("/2015-03-31/functions/f", 403), ("/no/such/place/of/lambda", 200)],
)
async def test_who_knows_buckets_has_no_say_in_what_is_not_about_them(target: str, status: int) -> None:
    """A bucket may be named as the paths of Lambda begin; who may read it may not order functions about."""

    async def welcome(request: Request) -> Headers:
        return (("Access-Control-Allow-Origin", "*"),)

    desk = Desk(["s3", "lambda"])
    router = Router(desk.dispatcher, guard=BrowserGuard())
    router.add_visits(welcome, service="s3")
    headers = {"host": "localhost:4566", "origin": "https://elsewhere.example"}
    response = await router(Request(method="GET", target=target, headers=headers))
    assert (response.status, desk.api.context is not None) == (status, status == 200)
    assert ("Access-Control-Allow-Origin" in dict(response.headers)) is (status == 200)


ROUTES = Routes(
    load_model("sts"),  # asked about inputs, of which these operations have none
    [
        OperationModel(name, Http(method, uri, 200))
        for name, method, uri in [
            ("List", "GET", "/things/"),
            ("Get", "GET", "/things/{id}"),
            ("Special", "GET", "/things/special"),
            ("Deep", "GET", "/things/{id}/parts/{part}"),
            ("Tagged", "GET", "/things/{id}?tagging"),
            ("Object", "GET", "/{bucket}/{key+}"),
            ("Ends", "PUT", "/all/{key+}/end"),
            ("Around", "DELETE", "/{first}/all/{key+}/end/{last}"),
        ]
    ],
)


@pytest.mark.parametrize(
    ("method", "path", "query", "operation"),
    [
        ("GET", "/things", "", "List"),
        ("GET", "/things/", "", "List"),
        ("GET", "/things/1", "", "Get"),
        ("GET", "/things/1/", "", "Object"),  # a greedy label takes a slash too
        ("GET", "/things/special", "", "Special"),
        ("GET", "/things/a%2Fb", "", "Get"),
        ("GET", "/things/1/parts/2", "", "Deep"),
        ("GET", "/things/1", "tagging", "Tagged"),
        ("GET", "/things/1", "tagging=", "Tagged"),
        ("GET", "/things/1", "x=tagging", "Get"),
        ("GET", "/bucket/a/b/c", "", "Object"),
        ("PUT", "/all/a/b/end", "", "Ends"),
        ("PUT", "/all/end", "", None),
        ("POST", "/things", "", None),
        ("GET", "", "", None),
        ("GET", "*", "", None),
    ],
)
def test_paths(method: str, path: str, query: str, operation: str | None) -> None:
    """Literals before labels before greedy ones."""
    assert ROUTES.find(method, path, query) == operation


@pytest.mark.parametrize(
    ("operation", "path", "labels"),
    [
        ("Get", "/things/a%2Fb", {"id": "a%2Fb"}),
        ("Deep", "/things/1/parts/2/", {"id": "1", "part": "2"}),
        ("Object", "/b/x/y/", {"bucket": "b", "key": "x/y/"}),
        ("Ends", "/all/a/b/end", {"key": "a/b"}),
        ("Around", "/1/all/a/b//end/2", {"first": "1", "key": "a/b/", "last": "2"}),
        ("List", "/things", {}),
    ],
)
def test_labels(operation: str, path: str, labels: dict[str, str]) -> None:
    """Labels come out as they were sent."""
    assert ROUTES.labels(operation, path) == labels


def test_the_catalog_agrees_with_the_models() -> None:
    """A service is found by the facts its own model states."""
    for name in ("dynamodb", "lambda", "apigatewayv2", "iam", "sts", "logs"):
        metadata, entry = load_model(name).metadata, catalog().by_name[name]
        assert (entry.protocol, entry.api_version) == (metadata.protocol, metadata.api_version)
        assert entry.signing_name == load_model(name).signing_name
        assert entry.target_prefix == (metadata.target_prefix or "")


def test_models_that_are_not_there() -> None:
    """A name from outside is no path."""
    for name in ("nothing", "../data"):
        with pytest.raises(UnknownService):
            load_model(name)


def test_models_are_found_without_importing_botocore() -> None:
    """The server's path reads data files only."""
    source = Path(__file__).parents[2] / "src" / "pileus" / "kernel" / "wire"
    assert (botocore_data() / "dynamodb").is_dir()
    for module in source.glob("*.py"):
        assert "import botocore" not in module.read_text()
        assert "from botocore" not in module.read_text()
