"""Where do a website's rules lead?"""

import pytest

from pileus.kernel.http.messages import Request, Response
from pileus.services.s3.shapes import Condition, Redirect, RedirectAllRequestsTo, RoutingRule
from pileus.services.s3.website.addresses import Visit, visit_of
from pileus.services.s3.website.redirects import by_object, by_rule, everything_led, rule_for


def visit(target: str = "/docs/a%20b", host: str = "site.s3-website-us-east-1.amazonaws.com") -> Visit:
    found = visit_of(Request(method="GET", target=target, headers={"host": host}))
    assert found is not None
    return found


def location(response: Response) -> str:
    return dict(response.headers)["Location"]


HOST = "http://site.s3-website-us-east-1.amazonaws.com"


@pytest.mark.parametrize(
    ("host", "target", "bucket", "key"),
    [
        ("site.s3-website-us-east-1.amazonaws.com", "/", "site", ""),
        ("Site.s3-website.us-east-1.localhost.localstack.cloud:4566", "/a/b?c=d", "site", "a/b"),
        ("www.my.site.s3-website.localhost:4566", "/a//b/", "www.my.site", "a//b/"),
        ("localhost:4566", "/_aws/s3-website/site/a%2Fb", "site", "a/b"),
        ("localhost:4566", "/_aws/s3-website/site", "site", ""),
    ],
)
def test_addresses(host: str, target: str, bucket: str, key: str) -> None:
    """Both forms of AWS's hosts, under any suffix, and the path for who cannot resolve them."""
    found = visit(target, host)
    assert (found.bucket, found.key) == (bucket, key)


@pytest.mark.parametrize("target", ["/", "/_aws/s3-website/", "/site/key"])
def test_what_is_no_address(target: str) -> None:
    """A path that names no bucket."""
    assert visit_of(Request(method="GET", target=target, headers={"host": "a.s3-websites.com"})) is None


@pytest.mark.parametrize(
    ("redirect", "prefix", "expected"),
    [
        (Redirect(host_name="other"), "docs/", "http://other/docs/a%20b"),
        (Redirect(replace_key_prefix_with="new/"), "docs/", f"{HOST}/new/a%20b"),
        (Redirect(replace_key_prefix_with=""), "docs/", f"{HOST}/a%20b"),
        (Redirect(replace_key_prefix_with="new/"), None, f"{HOST}/new/docs/a%20b"),
        (Redirect(replace_key_with="one.html"), "docs/", f"{HOST}/one.html"),
        (Redirect(protocol="https"), "docs/", f"https{HOST[4:]}/docs/a%20b"),
        (Redirect(protocol="https", host_name="other", replace_key_with="k"), "docs/", "https://other/k"),
    ],
)
def test_rules_make_another_url_of_the_page(redirect: Redirect, prefix: str | None, expected: str) -> None:
    """TestS3StaticWebsiteHosting.test_routing_rules_redirects, ..._empty_replace_prefix."""
    condition = Condition(key_prefix_equals=prefix) if prefix else None
    response = by_rule(RoutingRule(condition=condition, redirect=redirect), visit())
    assert (response.status, location(response), response.body) == (301, expected, b"")


def test_the_status_is_the_rules() -> None:
    """TestS3StaticWebsiteHosting.test_routing_rules_redirects."""
    assert by_rule(RoutingRule(redirect=Redirect(http_redirect_code="307")), visit()).status == 307


def test_the_path_form_stays_in_its_place() -> None:
    """Unless a rule leads to another host."""
    below = visit("/_aws/s3-website/site/docs/a", "localhost:4566")
    here = RoutingRule(redirect=Redirect(replace_key_with="k"))
    assert location(by_rule(here, below)) == "http://localhost:4566/_aws/s3-website/site/k"
    away = RoutingRule(redirect=Redirect(host_name="other"))
    assert location(by_rule(away, below)) == "http://other/docs/a"
    assert location(by_object("/k", below)) == "http://localhost:4566/_aws/s3-website/site/k"
    assert below.folder == "/_aws/s3-website/site/docs/a/"


def test_objects_lead_to_pages_and_urls() -> None:
    """`x-amz-website-redirect-location`."""
    assert location(by_object("/another/index.html", visit())) == f"{HOST}/another/index.html"
    assert location(by_object("https://example.com/x", visit())) == "https://example.com/x"


def test_the_first_rule_that_holds() -> None:
    """TestS3StaticWebsiteHosting.test_routing_rules_conditions, test_routing_rules_order."""
    both = RoutingRule(
        condition=Condition(key_prefix_equals="both/", http_error_code_returned_equals="404"),
        redirect=Redirect(replace_key_with="both"),
    )
    prefixed = RoutingRule(condition=Condition(key_prefix_equals="pre"), redirect=Redirect(replace_key_with="pre"))
    broken = RoutingRule(
        condition=Condition(http_error_code_returned_equals="404"), redirect=Redirect(replace_key_with="404")
    )
    rules = (both, prefixed, broken)
    assert rule_for(rules, "both/x") is None
    assert rule_for(rules, "both/x", status=404) is both
    assert rule_for(rules, "prefix") is prefixed
    assert rule_for(rules, "other", status=404) is broken
    assert rule_for(rules, "other", status=403) is None
    assert rule_for(rules, "") is None


def test_a_website_that_is_elsewhere() -> None:
    """TestS3StaticWebsiteHosting.test_website_hosting_redirect_all."""
    assert location(everything_led(RedirectAllRequestsTo(host_name="other"), visit())) == "http://other/docs/a%20b"
    https = RedirectAllRequestsTo(host_name="other", protocol="https")
    assert location(everything_led(https, visit("/"))) == "https://other/"
