"""Which route takes a request?"""

import pytest

from pileus.services.apigatewayv2.errors import BadRequestException
from pileus.services.apigatewayv2.model import parse_route_key
from pileus.services.apigatewayv2.routing import RouteTable

_KEYS = (
    "GET /pets/dog/1",
    "GET /pets/dog/{id}",
    "GET /pets/{proxy+}",
    "ANY /{proxy+}",
    "$default",
)
"""The example of AWS's page on routing."""


@pytest.mark.parametrize(
    ("method", "path", "key", "variables"),
    [
        ("GET", "/pets/dog/1", "GET /pets/dog/1", {}),
        ("GET", "/pets/dog/2", "GET /pets/dog/{id}", {"id": "2"}),
        ("GET", "/pets/cat/1", "GET /pets/{proxy+}", {"proxy": "cat/1"}),
        ("POST", "/test/5", "ANY /{proxy+}", {"proxy": "test/5"}),
        ("POST", "/pets/dog/1", "ANY /{proxy+}", {"proxy": "pets/dog/1"}),
        ("GET", "/", "$default", {}),
        ("GET", "/pets/dog/a%2Fb", "GET /pets/dog/{id}", {"id": "a/b"}),
    ],
)
def test_precedence(method: str, path: str, key: str, variables: dict[str, str]) -> None:
    """AWS's own example, and what it leaves open: variables are decoded, a greedy one takes something."""
    match = RouteTable([(key, key) for key in _KEYS]).find(method, path)
    assert match is not None
    assert match == (key, variables)


@pytest.mark.parametrize(
    ("keys", "method", "path", "key"),
    [
        (("ANY /a", "GET /a"), "GET", "/a", "GET /a"),  # the method itself before ANY
        (("ANY /a", "GET /a"), "PUT", "/a", "ANY /a"),
        (("GET /{x}/b", "GET /a/{proxy+}"), "GET", "/a/b", "GET /{x}/b"),  # full before greedy
        (("ANY /a/b", "GET /{x}/b"), "GET", "/a/b", "ANY /a/b"),  # literal text before the method
        (("GET /a/b", "POST /{x}/b"), "POST", "/a/b", "POST /{x}/b"),  # the wrong method is no match
        (("GET /{p+}", "GET /a/{p+}"), "GET", "/a/b", "GET /a/{p+}"),  # the longer beginning
        (("GET /a",), "GET", "/a/", None),  # a trailing slash is another path
        (("GET /{x}",), "GET", "/", None),  # a variable takes something
        (("GET /a",), "HEAD", "/a", None),
        (("GET /",), "GET", "/", "GET /"),
    ],
)
def test_specificity(keys: tuple[str, ...], method: str, path: str, key: str | None) -> None:
    """Every pair of rules that can collide, decided."""
    match = RouteTable([(key, key) for key in keys]).find(method, path)
    assert (None if match is None else match.route) == key


@pytest.mark.parametrize(
    "key", ["", "GET", "get /a", "GET a", "FETCH /a", "GET /{a+}/b", "GET /{a}/{a}", "GET /a{b}", "GET /{}", "GET /a b"]
)
def test_malformed_route_keys(key: str) -> None:
    """A key that no request could match is refused when the route is created."""
    with pytest.raises(BadRequestException):
        parse_route_key(key)
