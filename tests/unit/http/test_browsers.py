"""Which pages may call a server where any key is welcome."""

import pytest

from pileus.kernel.http.browsers import BrowserGuard
from pileus.kernel.http.messages import Request

_PAGE_ELSEWHERE = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}


@pytest.mark.parametrize(
    ("headers", "welcome"),
    [
        ({}, True),  # a program
        ({"host": "127.0.0.1:4566"}, True),
        ({"host": "localhost:4566"}, True),
        ({"host": "[::1]:4566"}, True),
        ({"host": "api.localhost:4566"}, True),
        ({"host": "dynamodb.us-east-1.amazonaws.com"}, True),  # by a hosts file
        ({"host": "pileus:4566"}, True),  # a name without a dot is nobody's on the internet
        ({"host": "mine.example:4566"}, True),  # allowed
        ({"host": "evil.example:4566"}, False),  # made to point here
        ({"host": "evil.example:4566", "sec-fetch-site": "same-origin"}, False),
        ({"host": "localhost.evil.example"}, False),
        ({"host": "127.0.0.1.evil.example"}, False),
        ({"host": "[::"}, False),
        ({"host": "localhost:4566", "origin": "http://localhost:3000"}, True),  # a front end in development
        ({"host": "127.0.0.1:4566", "origin": "http://localhost:3000", "sec-fetch-site": "cross-site"}, True),
        ({"host": "localhost:4566", "origin": "https://mine.example"}, True),
        ({"host": "192.168.1.5:4566", "origin": "http://192.168.1.5:4566"}, True),
        ({"host": "localhost:4566", "origin": "http://192.168.1.1"}, False),  # the router's own page
        ({"host": "localhost:4566", "origin": "https://evil.s3.amazonaws.com"}, False),  # anybody's bucket
        ({"host": "localhost:4566", "origin": "http://ec2-1-2-3-4.compute-1.amazonaws.com:4566"}, False),
        ({"host": "b.s3.amazonaws.com:4566", "origin": "http://b.s3.amazonaws.com:4566"}, True),  # by a hosts file
        ({"host": "localhost:4566", "origin": "null"}, False),
        ({"host": "localhost:4566", "origin": "http://[bad"}, False),
        ({"host": "localhost:4566"} | _PAGE_ELSEWHERE, False),
        ({"host": "localhost:4566", "sec-fetch-site": "cross-site"}, False),
        ({"host": "b.s3.localhost", "sec-fetch-site": "cross-site", "referer": "http://localhost:3000/"}, True),
        ({"host": "b.s3.localhost", "sec-fetch-site": "cross-site", "referer": "https://evil.example/"}, False),
        ({"host": "localhost:4566", "sec-fetch-site": "none"}, True),  # typed into the address bar
    ],
)
def test_who_is_welcome(headers: dict[str, str], welcome: bool) -> None:
    """Programs and this machine's pages are; a page elsewhere is not, by whatever name it comes."""
    guard = BrowserGuard(allowed=["mine.example"])
    assert (guard.refusal(Request(method="POST", target="/", headers=headers)) == "") is welcome


def test_following_a_link_is_no_attack() -> None:
    """A link in a chat to the health page must work; one that carries an action must not."""
    guard = BrowserGuard()
    headers = {"host": "localhost:4566", "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert not guard.refusal(Request(method="GET", target="/_pileus/health", headers=headers))
    assert guard.refusal(Request(method="GET", target="/?Action=DeleteUser&UserName=me", headers=headers))
    assert guard.refusal(Request(method="POST", target="/", headers=headers))


def test_a_server_for_more_than_this_machine_has_many_names() -> None:
    """Whoever listens elsewhere cannot know all names; pages elsewhere are refused all the same."""
    guard = BrowserGuard(any_host=True)
    assert not guard.refusal(Request(method="POST", target="/", headers={"host": "pileus.corp.example"}))
    assert guard.refusal(Request(method="POST", target="/", headers={"host": "pileus.corp.example"} | _PAGE_ELSEWHERE))
