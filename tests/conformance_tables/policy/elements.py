"""Which actions and resources do Action, NotAction, Resource and NotResource cover?"""

from typing import Final

from tests.conformance_tables.policy.cases import ACTION, NOT_ACTION, NOT_RESOURCE, RESOURCE, StatementCase

_ANY: Final = "arn:aws:s3:::bucket/key"


def _action(page: str, element: str, why: str, said: str | list[str], action: str, covers: bool) -> StatementCase:
    return StatementCase(page, why, {element: said, "Resource": "*"}, action, _ANY, covers)


def _resource(page: str, element: str, why: str, said: str | list[str], resource: str, covers: bool) -> StatementCase:
    return StatementCase(page, why, {"Action": "*", element: said}, "s3:GetObject", resource, covers)


ACTIONS: Final = [
    _action(ACTION, "Action", "the action itself", "s3:GetObject", "s3:GetObject", True),
    _action(ACTION, "Action", "another action", "s3:GetObject", "s3:PutObject", False),
    _action(ACTION, "Action", "another service", "s3:GetObject", "sqs:GetObject", False),
    _action(ACTION, "Action", "not case-sensitive: the prefix", "IAM:ListAccessKeys", "iam:ListAccessKeys", True),
    _action(ACTION, "Action", "not case-sensitive: the name", "iam:listaccesskeys", "iam:ListAccessKeys", True),
    _action(ACTION, "Action", "all of a service", "s3:*", "s3:DeleteBucket", True),
    _action(ACTION, "Action", "all of another service", "s3:*", "s3express:CreateSession", False),
    _action(ACTION, "Action", "everything", "*", "dynamodb:Query", True),
    _action(
        ACTION, "Action", "the guide's iam:*AccessKey*: at the end", "iam:*AccessKey*", "iam:CreateAccessKey", True
    ),
    _action(ACTION, "Action", "the guide's iam:*AccessKey*: plural", "iam:*AccessKey*", "iam:ListAccessKeys", True),
    _action(ACTION, "Action", "the guide's iam:*AccessKey*: others", "iam:*AccessKey*", "iam:ListUsers", False),
    _action(ACTION, "Action", "a question mark is one character", "s3:?etObject", "s3:GetObject", True),
    _action(ACTION, "Action", "a question mark is not none", "s3:?GetObject", "s3:GetObject", False),
    _action(ACTION, "Action", "wildcards are not case-sensitive either", "S3:GET*", "s3:GetObject", True),
    _action(ACTION, "Action", "one of a list", ["sqs:SendMessage", "s3:Get*"], "s3:GetObject", True),
    _action(ACTION, "Action", "none of a list", ["sqs:SendMessage", "s3:Put*"], "s3:GetObject", False),
    _action(ACTION, "Action", "a name is not a beginning", "s3:GetObject", "s3:GetObjectAcl", False),
    _action(NOT_ACTION, "NotAction", "everything but the listed: the listed", "iam:*", "iam:CreateUser", False),
    _action(NOT_ACTION, "NotAction", "everything but the listed: another", "iam:*", "s3:GetObject", True),
    _action(NOT_ACTION, "NotAction", "another action of the service", "s3:DeleteBucket", "s3:GetObject", True),
    _action(NOT_ACTION, "NotAction", "not case-sensitive", "S3:deletebucket", "s3:DeleteBucket", False),
    _action(NOT_ACTION, "NotAction", "a list: one of it", ["iam:*", "s3:Get*"], "s3:GetObject", False),
    _action(NOT_ACTION, "NotAction", "a list: none of it", ["iam:*", "s3:Get*"], "s3:PutObject", True),
]

_QUEUE: Final = "arn:aws:sqs:us-east-2:123456789012:queue1"

RESOURCES: Final = [
    _resource(RESOURCE, "Resource", "the guide's queue", _QUEUE, _QUEUE, True),
    _resource(RESOURCE, "Resource", "another queue", _QUEUE, f"{_QUEUE}0", False),
    _resource(RESOURCE, "Resource", "another region", _QUEUE, "arn:aws:sqs:us-east-1:123456789012:queue1", False),
    _resource(RESOURCE, "Resource", "case-sensitive", "arn:aws:iam::1:user/Bob", "arn:aws:iam::1:user/bob", False),
    _resource(RESOURCE, "Resource", "everything", "*", _QUEUE, True),
    _resource(RESOURCE, "Resource", "everything, for an action without resources", "*", "*", True),
    _resource(RESOURCE, "Resource", "an action without resources needs *", _QUEUE, "*", False),
    _resource(
        RESOURCE,
        "Resource",
        "the path /accounting",
        "arn:aws:iam::1:user/accounting/*",
        "arn:aws:iam::1:user/accounting/a/b",
        True,
    ),
    _resource(
        RESOURCE, "Resource", "another path", "arn:aws:iam::1:user/accounting/*", "arn:aws:iam::1:user/sales/a", False
    ),
    _resource(RESOURCE, "Resource", "all in a bucket", "arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket/a/b", True),
    _resource(RESOURCE, "Resource", "not the bucket itself", "arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket", False),
    _resource(RESOURCE, "Resource", "nor another bucket", "arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket2/a", False),
    *(
        _resource(
            RESOURCE, "Resource", f"the guide's */test/*: {key}", "arn:aws:s3:::b/*/test/*", f"arn:aws:s3:::b/{key}", ok
        )
        for key, ok in (
            ("1/test/object.jpg", True),
            ("1/2/test/object.jpg", True),
            ("1/2/test/3/object.jpg", True),
            ("1/2/3/test/4/object.jpg", True),
            ("1///test///object.jpg", True),
            ("/test/.jpg", True),
            ("1-test/object.jpg", False),
            ("test/object.jpg", False),
            ("1/2/test.jpg", False),
        )
    ),
    _resource(RESOURCE, "Resource", "a question mark", "arn:aws:s3:::b/?.txt", "arn:aws:s3:::b/a.txt", True),
    _resource(RESOURCE, "Resource", "a question mark is one", "arn:aws:s3:::b/?.txt", "arn:aws:s3:::b/ab.txt", False),
    _resource(RESOURCE, "Resource", "a part of stars", "arn:aws:sqs:*:*:queue1", _QUEUE, True),
    _resource(RESOURCE, "Resource", "a star inside a part", "arn:aws:sqs:us-*-2:123456789012:queue1", _QUEUE, True),
    _resource(RESOURCE, "Resource", "a star at a part's end goes beyond colons", "arn:aws:sqs:*", _QUEUE, True),
    _resource(RESOURCE, "Resource", "... also when more follows", "arn:aws:*:queue1", _QUEUE, True),
    _resource(
        RESOURCE,
        "Resource",
        "a star inside a part stays inside",
        "arn:aws:sqs:us-*-x:123456789012:queue1",
        "arn:aws:sqs:us-east-2:evil-x:123456789012:queue1",
        False,
    ),
    _resource(
        RESOURCE,
        "Resource",
        "a question mark is no colon",
        "arn:aws:sqs:us-east-2?123456789012:queue1",
        _QUEUE,
        False,
    ),
    _resource(RESOURCE, "Resource", "one of a list", ["arn:aws:s3:::b", _QUEUE], _QUEUE, True),
    _resource(RESOURCE, "Resource", "none of a list", ["arn:aws:s3:::b", "arn:aws:s3:::c/*"], _QUEUE, False),
    _resource(
        NOT_RESOURCE,
        "NotResource",
        "everything but the bucket: the bucket",
        "arn:aws:s3:::hr",
        "arn:aws:s3:::hr",
        False,
    ),
    _resource(NOT_RESOURCE, "NotResource", "everything but the bucket: others", "arn:aws:s3:::hr", _QUEUE, True),
    _resource(
        NOT_RESOURCE,
        "NotResource",
        "a list: an object of the bucket",
        ["arn:aws:s3:::hr", "arn:aws:s3:::hr/*"],
        "arn:aws:s3:::hr/pay.csv",
        False,
    ),
    _resource(
        NOT_RESOURCE,
        "NotResource",
        "without the second entry, its objects are not excepted",
        "arn:aws:s3:::hr",
        "arn:aws:s3:::hr/pay.csv",
        True,
    ),
    _resource(NOT_RESOURCE, "NotResource", "everything excepted", "*", _QUEUE, False),
]

ELEMENT_CASES: Final = [*ACTIONS, *RESOURCES]
