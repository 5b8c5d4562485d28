"""The command line as a person and a script meet it."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Server
from tests.support.processes import descendants, gone, wait_until


def pileus(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pileus", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
        check=False,
    )


def fetch(url: str, *, method: str = "GET", body: bytes | None = None) -> tuple[int, Any]:
    request = urllib.request.Request(url, method=method, data=body)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_version_is_told_to_people_and_scripts() -> None:
    """A bug report begins with the version."""
    assert pileus("version").stdout.startswith("pileus ")
    assert set(json.loads(pileus("version", "--json").stdout)) == {"version"}


def test_doctor_names_isolation_runtimes_and_engines() -> None:
    """Whoever misses a feature asks the doctor first; a script reads the same."""
    findings = json.loads(pileus("doctor", "--json").stdout)
    assert {finding["area"] for finding in findings} == {"host", "isolation", "runtimes", "engines"}
    assert all(finding["consequence"] for finding in findings if finding["standing"] == "missing")
    python = next(finding for finding in findings if finding["name"] == "python" and finding["area"] == "runtimes")
    here = f"python3.{sys.version_info.minor}"
    assert "python3.13, " in python["consequence"] or here == "python3.13"  # runs on another version, and is told
    assert f"{here}," not in python["consequence"]
    plain = pileus("doctor")
    assert plain.returncode == 0
    assert "\x1b[" not in plain.stdout  # not a terminal, so not coloured


def test_env_prints_exports_for_a_shell(own_server: Server) -> None:
    """`eval "$(pileus env)"` is how a shell is pointed here."""
    own_server.start()
    exports = pileus("env", "--data-dir", str(own_server.data_dir)).stdout
    shell = subprocess.run(
        ["sh", "-c", f"{exports}\necho $AWS_ENDPOINT_URL"], capture_output=True, text=True, check=True
    )
    assert shell.stdout.strip() == own_server.url
    refused = pileus("env", "--account", "12")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)


def test_status_knows_running_and_stopped(own_server: Server) -> None:
    """Scripts wait for `pileus status`; its exit status is the answer."""
    data_dir = str(own_server.data_dir)
    stopped = pileus("status", "--json", "--data-dir", data_dir)
    assert (stopped.returncode, json.loads(stopped.stdout)) == (1, {"status": "stopped"})
    own_server.start()
    running = pileus("status", "--json", "--data-dir", data_dir)
    assert running.returncode == 0
    assert json.loads(running.stdout)["url"] == own_server.url
    own_server.stop()
    assert pileus("status", "--data-dir", data_dir).returncode == 1


def test_health_in_both_forms(aws: Server) -> None:
    """Tools made for other emulators ask /_localstack/health."""
    status, health = fetch(f"{aws.url}/_pileus/health")
    assert status == 200
    assert health["version"]
    assert health["uptime_s"] >= 0
    assert {"dynamodb", "lambda", "apigatewayv2", "iam", "sts", "logs"} <= set(health["services"])
    status, theirs = fetch(f"{aws.url}/_localstack/health")
    assert status == 200
    assert theirs["services"]["dynamodb"] in {"available", "running"}


def test_reset_forgets_everything_and_serves_on(own_server: Server) -> None:
    """A test suite resets between tests; what was cached must not survive either."""
    own_server.start()
    dynamodb = own_server.client("dynamodb")
    table = {
        "TableName": "forgotten",
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    dynamodb.create_table(**table)
    dynamodb.put_item(TableName="forgotten", Item={"pk": {"S": "a"}})
    assert fetch(f"{own_server.url}/_pileus/reset", method="POST") == (200, {"status": "reset"})
    assert dynamodb.list_tables()["TableNames"] == []
    with pytest.raises(dynamodb.exceptions.ResourceNotFoundException):
        dynamodb.get_item(TableName="forgotten", Key={"pk": {"S": "a"}})
    dynamodb.create_table(**table)
    assert "Item" not in dynamodb.get_item(TableName="forgotten", Key={"pk": {"S": "a"}})


def test_a_reset_leaves_no_byte_of_objects(own_server: Server) -> None:
    """What was forgotten lay on the disk for hours, and `pileus reset` said that the folder was not Pileus's."""
    own_server.start()
    objects = own_server.data_dir / "objects"

    def put() -> None:
        s3 = own_server.client("s3")
        s3.create_bucket(Bucket="forgotten")
        s3.put_object(Bucket="forgotten", Key="large", Body=b"x" * 100_000)
        assert s3.get_object(Bucket="forgotten", Key="large")["Body"].read() == b"x" * 100_000
        assert [path for path in objects.rglob("*") if path.is_file()]

    put()
    assert fetch(f"{own_server.url}/_pileus/reset", method="POST") == (200, {"status": "reset"})
    assert not [path for path in own_server.data_dir.rglob("*") if path.is_file() and path.stat().st_size == 100_000]
    put()
    own_server.stop()
    assert pileus("reset", "--yes", "--data-dir", str(own_server.data_dir)).stdout.count("left in") == 0
    assert not objects.exists()


def test_reset_of_a_data_dir_nobody_serves(own_server: Server) -> None:
    """`pileus reset` also cleans up after a server that has ended; it never deletes a folder that is not ours."""
    own_server.start()
    own_server.stop()
    assert pileus("reset", "--yes", "--data-dir", str(own_server.data_dir)).returncode == 0
    assert not own_server.data_dir.exists()
    again = pileus("reset", "--yes", "--data-dir", str(own_server.data_dir.parent))
    assert again.returncode == 2
    assert own_server.data_dir.parent.exists()


def test_the_clock_moves_freezes_and_resumes(own_server: Server) -> None:
    """Users test their own expiry by moving time; a wrong command changes nothing."""
    own_server.start()
    url = f"{own_server.url}/_pileus/clock"
    assert fetch(url)[1]["frozen"] is False
    _, advanced = fetch(url, method="POST", body=b'{"advance_s": 3600}')
    assert 3599 <= advanced["offset_s"] <= 3601
    _, frozen = fetch(url, method="POST", body=b'{"freeze": true}')
    assert fetch(url)[1]["now"] == frozen["now"]
    assert fetch(url, method="POST", body=b'{"resume": true}')[1]["frozen"] is False
    for wrong in (
        b'{"advance_s": -1}',
        b"{}",
        b"[]",
        b"nonsense",
        b'{"advance_s": 1e300}',
        b'{"freeze": true, "resume": true}',
    ):
        assert fetch(url, method="POST", body=wrong)[0] == 400, wrong
    assert 3590 <= fetch(url)[1]["offset_s"] <= 3660


def test_a_taken_port_is_told_with_who_took_it(tmp_path: Path) -> None:
    """The commonest start-up failure deserves its culprit, in one line and without a traceback."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = pileus("up", "--port", str(port), "--data-dir", str(tmp_path / "d"))
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert f"process {os.getpid()}" in refused.stderr


def test_a_data_dir_in_use_is_refused(own_server: Server) -> None:
    """Two servers on one data directory would be two truths."""
    own_server.start()
    refused = pileus("up", "--port", "0", "--data-dir", str(own_server.data_dir))
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert f"process {own_server.pid}" in refused.stderr


def test_a_data_dir_that_is_a_file_is_refused(tmp_path: Path) -> None:
    """Whatever is wrong with the directory, it is one line."""
    file = tmp_path / "file"
    file.write_text("x")
    refused = pileus("up", "--port", "0", "--data-dir", str(file))
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)


def test_a_foreign_directory_is_neither_used_nor_deleted(own_server: Server, tmp_path: Path) -> None:
    """`--data-dir ~/work`, by a slip: nobody may lose their files to it, now or at a reset."""
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("years of work")
    refused = pileus("up", "--port", "0", "--data-dir", str(foreign))
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    own_server.start()
    own_server.stop()
    (own_server.data_dir / "thesis.txt").write_text("put here later")
    assert pileus("reset", "--yes", "--data-dir", str(own_server.data_dir)).returncode == 0
    assert [path.name for path in own_server.data_dir.iterdir()] == ["thesis.txt"]


def test_env_of_a_strict_server_holds_the_key_that_opens_it(tmp_path: Path) -> None:
    """Otherwise the banner's own advice would overwrite the right key with a wrong one."""
    server = Server(tmp_path / "d", "--auth", "strict").start()
    try:
        exports = json.loads(pileus("env", "--json", "--data-dir", str(server.data_dir)).stdout)
        key, secret = exports["AWS_ACCESS_KEY_ID"], exports["AWS_SECRET_ACCESS_KEY"]
        assert key == server.ready["root_access_key_id"]
        sts = server.client("sts", aws_access_key_id=key, aws_secret_access_key=secret)
        assert sts.get_caller_identity()["Arn"].endswith(":root")
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "{url}"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://evil.example", "Host": "evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_no_web_page_moves_the_clock(aws: Server, headers: dict[str, str], status: int) -> None:
    """A page that a developer visits must not reach what runs on their machine, by whatever name it points here."""
    request = urllib.request.Request(f"{aws.url}/_pileus/clock", method="POST", data=b'{"advance_s": 0}')
    for name, value in headers.items():
        request.add_header(name, value.replace("{url}", aws.url))
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            answered = answer.status
    except urllib.error.HTTPError as error:
        answered = error.code
        error.close()
    assert answered == status


def test_an_unknown_service_is_refused(tmp_path: Path) -> None:
    """A typing error in --services must not start a server without the service."""
    refused = pileus("up", "--services", "dynamodb,lamda", "--data-dir", str(tmp_path / "d"))
    assert refused.returncode == 2
    assert "lamda" in refused.stderr


def test_only_the_services_asked_for_answer(tmp_path: Path) -> None:
    """A service that is switched off says so, and is not half there."""
    server = Server(tmp_path / "d", "--services", "sts").start()
    try:
        assert server.client("sts").get_caller_identity()["Account"] == "111111111111"
        dynamodb = server.client("dynamodb")
        with pytest.raises(dynamodb.exceptions.ClientError) as raised:
            dynamodb.list_tables()
        assert raised.value.response["Error"]["Code"] == "NotImplemented"
    finally:
        server.stop()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_drains_and_leaves_no_process(own_server: Server, number: int) -> None:
    """Ctrl-C in a terminal and SIGTERM from a supervisor are the two ordinary ends."""
    own_server.start()
    children = descendants(own_server.pid)
    os.kill(own_server.pid, number)
    assert own_server.process is not None
    assert own_server.process.wait(20) == 0
    wait_until(lambda: all(gone(pid) for pid in children))


def test_explain_says_why_a_request_was_denied(own_server: Server) -> None:
    """A denial's message says what was missing; `pileus explain` says which statement, and what was asked in vain."""
    own_server.start()
    iam = own_server.client("iam")
    iam.create_user(UserName="eve")
    condition = {"StringEquals": {"aws:PrincipalTag/team": "red"}}
    statements = [
        {"Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*", "Condition": condition},
        {"Sid": "Never", "Effect": "Deny", "Action": "iam:ListRoles", "Resource": "*"},
        {"Sid": "Groups", "Effect": "Allow", "Action": "iam:ListGroups", "Resource": "*"},
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_user_policy(UserName="eve", PolicyName="hers", PolicyDocument=document)
    key = iam.create_access_key(UserName="eve")["AccessKey"]
    eve = own_server.client("iam", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])

    def explain(request_id: str) -> str:
        return pileus("explain", request_id, "--data-dir", str(own_server.data_dir)).stdout

    requests = []
    for call in (eve.list_users, eve.list_roles):
        with pytest.raises(ClientError) as caught:
            call()
        requests.append(caught.value.response["ResponseMetadata"]["RequestId"])
    requests.append(eve.list_groups()["ResponseMetadata"]["RequestId"])
    first, second, third = map(explain, requests)
    assert "DENIED  iam:ListUsers" in first
    assert "no identity-based policy allows iam:ListUsers" in first
    near = "statement 1 of identity-based policy hers: StringEquals aws:PrincipalTag/team red does not hold"
    assert f"near miss  {near}; the request has none" in first
    assert "absent     aws:PrincipalTag/team (asked for" in first
    assert "statement Never of identity-based policy hers explicitly denies it" in second
    assert "allowed  iam:ListGroups" in third
    assert "statement Groups of identity-based policy hers allows it" in third
    unknown = pileus("explain", "nothing", "--data-dir", str(own_server.data_dir))
    assert unknown.returncode == 1
    _, listed = fetch(f"{own_server.url}/_pileus/decisions?principal=eve&allowed=false")
    assert [decision["action"] for decision in listed["decisions"]] == ["iam:ListRoles", "iam:ListUsers"]
    latest = pileus("explain", "--data-dir", str(own_server.data_dir)).stdout
    assert latest.index("DENIED  iam:ListUsers") < latest.index("DENIED  iam:ListRoles")
    assert all(f"request    {request_id}" in latest for request_id in requests[:2])
    assert "ListGroups" not in latest

    def listed_by(*options: str) -> list[str]:
        told = pileus("explain", *options, "--data-dir", str(own_server.data_dir)).stdout
        return [line.split()[1] for line in told.splitlines() if line.startswith(("DENIED", "allowed"))]

    assert listed_by("--allowed", "--principal", "user/eve") == ["iam:ListGroups"]
    assert listed_by("--action", "listroles") == ["iam:ListRoles"]
    assert listed_by("--limit", "1") == ["iam:ListRoles"]
    assert listed_by("--resource", ":role/") == ["iam:ListRoles"]
    assert listed_by("--resource", ":user/nobody", "--denied") == []
    own_server.kill()
    own_server.start()
    assert "DENIED  iam:ListUsers" in explain(requests[0])


def test_explain_says_what_no_policy_of_the_callers_refused(own_server: Server) -> None:
    """A role that is not there, and one that does not trust: clients cannot tell them apart, its owner can."""
    own_server.start()

    def explain(*request_id: str) -> str:
        return pileus("explain", *request_id, "--data-dir", str(own_server.data_dir)).stdout

    assert "no denial is kept" in explain()
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": "111111111111"},
        "Action": "sts:AssumeRole",
        "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = own_server.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    told = []
    for arn in (f"{role}-absent", role):
        with pytest.raises(ClientError) as caught:
            own_server.client("sts").assume_role(RoleArn=arn, RoleSessionName="session")
        told.append(explain(caught.value.response["ResponseMetadata"]["RequestId"]))
    assert "because    there is no such role" in told[0]
    assert "because    no role's trust policy allows sts:AssumeRole" in told[1]
    assert "statement 1 of role's trust policy" in told[1]
    assert "Bool aws:MultiFactorAuthPresent true does not hold; the request has none" in told[1]
    assert explain().count("DENIED  sts:AssumeRole") == 2
