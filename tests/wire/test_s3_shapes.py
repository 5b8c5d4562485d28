"""Requests to S3 without a query are known by their shape; that must never tell another operation than their place."""

from typing import Final

import pytest

from pileus.kernel.context import RequestContext
from pileus.kernel.http.messages import Request
from pileus.kernel.wire.dialects import dialect_of
from pileus.kernel.wire.model import load_model
from tests.wire.harness import Desk, authorization

_HOSTS: Final = ("localhost:4566", "bucket.s3.localhost:4566", "dotted.bucket.s3.eu-west-1.amazonaws.com")
_PATHS: Final = (
    "/",
    "/b",
    "/b/",
    "/b/k",
    "/b/k/",
    "/b//",
    "/b//k",
    "//b",
    "//",
    "/b/k/l",
    "/b/%2F",
    "/b?acl",
    "/b/k?acl",
)


def test_every_header_that_tells_operations_apart_is_known() -> None:
    """A newer model may have another one; then the shape would not be all."""
    model = load_model("s3")
    places: dict[tuple[str, str], list[set[str]]] = {}
    for operation in model.operations.values():
        place = operation.http.request_uri.partition("?")
        if place[2] or operation.input is None or operation.http.method == "POST":
            continue
        shape = model.shape_of(operation.input)
        required = {
            (shape.members[name].location_name or name).lower()
            for name in shape.required
            if shape.members[name].location == "header"
        }
        places.setdefault((operation.http.method, place[0]), []).append(required)
    telling = {name for alike in places.values() if len(alike) > 1 for required in alike for name in required}
    assert telling <= dialect_of("s3").told_by_headers
    marked = dialect_of("s3control").marked_by
    assert marked in dialect_of("s3").told_by_headers


def _asked(desk: Desk) -> RequestContext | None:
    return desk.api.context


@pytest.mark.parametrize("host", _HOSTS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_shapes_mean_what_places_mean(method: str, host: str) -> None:
    """Each path asked first, and asked after all others, of one server."""

    def request(path: str, **more: str) -> Request:
        headers = {"host": host, "authorization": authorization("s3"), "x-amz-content-sha256": "UNSIGNED-PAYLOAD"}
        return Request(method=method, target=path, headers=headers | more)

    def meant(desk: Desk, path: str, **more: str) -> tuple[int, str, str]:
        desk.api.context = None
        status = desk.ask(request(path, **more)).status
        asked = _asked(desk)
        return (status, "", "") if asked is None else (status, asked.operation, repr(desk.api.given))

    alone = {path: meant(Desk(["s3"]), path) for path in _PATHS}
    copying = meant(Desk(["s3"]), "/b/k", **{"x-amz-copy-source": "b/other"})
    desk = Desk(["s3"])
    for path in (*_PATHS, *reversed(_PATHS)):
        assert meant(desk, path) == alone[path], path
        assert meant(desk, "/b/k", **{"x-amz-copy-source": "b/other"}) == copying
