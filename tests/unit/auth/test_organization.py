"""What a file says of an organization: its accounts, where they are, and which policies reach them."""

import json
from pathlib import Path

import pytest

from pileus.organization import BadOrganization, read_organization

GUARD = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}})
HEAD = 'id = "o-a1b2c3d4e5"\nmanagement_account = "111111111111"\n'
TREE = """
root = { id = "r-ab12", scps = ["FullAWSAccess", "guard.json"] }
[[unit]]
id = "ou-ab12-11111111"
[[unit]]
id = "ou-ab12-22222222"
parent = "ou-ab12-11111111"
scps = []
[[account]]
id = "222222222222"
unit = "ou-ab12-22222222"
[[account]]
id = "333333333333"
scps = ["guard.json"]
"""


def written(home: Path, text: str) -> Path:
    (home / "guard.json").write_text(GUARD)
    path = home / "organization.toml"
    path.write_text(text)
    return path


def test_levels_add_up(tmp_path: Path) -> None:
    """Every level from the root down must allow, so each is kept by itself (SCP evaluation)."""
    found = read_organization(written(tmp_path, HEAD + TREE))
    assert found.id == "o-a1b2c3d4e5"
    levels = [[policy.name_or_arn for policy in level] for level in found.scps_of("222222222222")]
    assert levels == [["FullAWSAccess", "guard.json"], ["FullAWSAccess"], [], ["FullAWSAccess"]]
    assert found.members["222222222222"].path == "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/ou-ab12-22222222/"
    levels = [[policy.name_or_arn for policy in level] for level in found.scps_of("333333333333")]
    assert levels == [["FullAWSAccess", "guard.json"], ["guard.json"]]


def test_the_management_account_is_a_member_without_limits(tmp_path: Path) -> None:
    """ "SCPs don't affect users or roles in the management account"; it may stand in a unit all the same."""
    placed = '[[account]]\nid = "111111111111"\nunit = "ou-ab12-11111111"\n'
    for more, path in (("", "o-a1b2c3d4e5/r-ab12/"), (placed, "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/")):
        found = read_organization(written(tmp_path, HEAD + TREE + more))
        assert (found.scps_of("111111111111"), found.members["111111111111"].path) == ((), path)
    assert found.scps_of("444444444444") == ()
    assert "444444444444" not in found.members


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "id"),
        ("id = 1", "id"),
        ("what", "Expected"),
        (HEAD + "accounts = []", "accounts"),
        (HEAD.replace("o-a1", "org-"), "org-"),
        (HEAD.replace("111111111111", "1"), "'1'"),
        (HEAD + '[[account]]\nid = "x"', "'x'"),
        (HEAD + '[[account]]\nid = "222222222222"\nunit = "ou-ab12-99999999"', "ou-ab12-99999999"),
        (HEAD + '[[account]]\nid = "222222222222"\nscps = ["absent.json"]', "absent.json"),
        (HEAD + '[[account]]\nid = "222222222222"\nscps = ["organization.toml"]', "organization.toml is none"),
        (HEAD + '[[account]]\nid = "222222222222"\n[[account]]\nid = "222222222222"', "twice"),
    ],
)
def test_what_declares_none(tmp_path: Path, text: str, why: str) -> None:
    """Somebody who mistypes a file is told where, before the server starts without the limits they believe in."""
    with pytest.raises(BadOrganization) as caught:
        read_organization(written(tmp_path, text))
    assert why in str(caught.value)
    with pytest.raises(BadOrganization):
        read_organization(tmp_path / "absent.toml")
