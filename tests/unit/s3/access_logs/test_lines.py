"""Is a line of an access log one line, whatever was asked?"""

from pileus.kernel.context import Principal, RequestContext
from pileus.kernel.http.messages import Request, Response
from pileus.services.s3.access_logs.lines import line_of


def test_nobody_writes_a_line_of_their_own() -> None:
    """Whoever asks, without any key too, chooses these; an owner must be able to believe the log."""
    forged = 'x" 200\nowner bucket [now] 10.0.0.1 somebody'
    headers = {"host": f"h {forged}".replace("\n", " "), "user-agent": forged, "referer": forged}
    context = RequestContext(
        service="s3",
        operation="GetObject",
        request_id="id",
        account_id="",
        region="us-east-1",
        principal=Principal(account_id="", arn="", user_id="anonymous"),
        source_ip="127.0.0.1",
        host="h",
    )
    line = line_of(
        Request(method="GET", target="/bucket/k", headers=headers, peer="127.0.0.1"),
        context,
        operation="GetObject",
        bucket="bucket",
        key=forged,
        version_id=forged,
        response=Response(404),
        error_code="NoSuchVersion",
        took_s=0.001,
        at_s=0,
        host_id="host",
    )
    written = line.written("111111111111")
    assert written.count("\n") == 1
    bare = "".join(written.split('"')[0::2])  # what stands between the quoted fields
    assert len(bare.split()) == 24
