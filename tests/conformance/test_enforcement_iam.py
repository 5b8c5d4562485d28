"""What IAM's own things are called by is no way around a policy; by boto3."""

from tests.conformance.test_enforcement import ACCOUNT, User, allow, deny, name, refused
from tests.conftest import Server


def test_a_new_name_or_path_must_be_allowed_too(aws: Server) -> None:
    """Or whoever may rename in one place moves others into a place where they may more. Source: API_UpdateUser."""
    user = User(aws)
    iam, other, group = user.client("iam"), name("other"), name("group")
    user.iam.create_user(UserName=other, Path="/staff/")
    user.iam.create_group(GroupName=group, Path="/staff/")
    own = [f"arn:aws:iam::{ACCOUNT}:{kind}/staff/*" for kind in ("user", "group")]
    user.may(allow(["iam:UpdateUser", "iam:UpdateGroup"], own))
    error = refused(iam.update_user, UserName=other, NewPath="/admins/")
    assert error["Message"].startswith(
        f"User: {user.arn} is not authorized to perform: iam:UpdateUser on resource: "
        f"arn:aws:iam::{ACCOUNT}:user/admins/{other} "
    )
    refused(iam.update_user, UserName=other, NewPath="/", NewUserName=f"{other}2")
    refused(iam.update_group, GroupName=group, NewPath="/")
    iam.update_user(UserName=other, NewUserName=f"{other}2")
    iam.update_user(UserName=f"{other}2", NewPath="/staff/red/")
    iam.update_group(GroupName=group, NewGroupName=f"{group}2")
    user.may(allow("iam:UpdateUser"), deny("iam:UpdateUser", f"arn:aws:iam::{ACCOUNT}:user/staff/red/admin*"))
    refused(iam.update_user, UserName=f"{other}2", NewUserName="admin-" + other)
