"""What do policy variables stand for?"""

from typing import Final

from tests.conformance_tables.policy.cases import VARIABLES, VERSION, ConditionCase, Context, StatementCase

_JOHN: Final = {"aws:username": "john"}


def _resource(
    why: str, pattern: str, resource: str, covers: bool, context: Context, version: str | None = "2012-10-17"
) -> StatementCase:
    statement = {"Action": "*", "Resource": pattern}
    return StatementCase(VARIABLES, why, statement, "s3:GetObject", resource, covers, context, version)


VARIABLES_IN_RESOURCES: Final = [
    _resource("the user's name", "arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/john/x", True, _JOHN),
    _resource("another user's", "arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/mary/x", False, _JOHN),
    _resource("twice", "arn:aws:s3:::${aws:username}/${aws:username}", "arn:aws:s3:::john/john", True, _JOHN),
    _resource(
        "the guide's queue, with a wildcard account",
        "arn:aws:sqs:us-east-2:*:${aws:username}-queue",
        "arn:aws:sqs:us-east-2:123456789012:john-queue",
        True,
        _JOHN,
    ),
    _resource("key names are not case-sensitive", "arn:aws:s3:::b/${AWS:UserName}", "arn:aws:s3:::b/john", True, _JOHN),
    _resource(
        "a tag of the principal",
        "arn:aws:s3:::bucket/${aws:PrincipalTag/department}",
        "arn:aws:s3:::bucket/hr",
        True,
        {"aws:principaltag/department": "hr"},
    ),
    _resource(
        "no value: the statement does not apply", "arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b//x", False, {}
    ),
    _resource(
        "no value: not even its own text",
        "arn:aws:s3:::b/${aws:username}",
        "arn:aws:s3:::b/${aws:username}",
        False,
        {},
    ),
    _resource(
        "a default for who has no value",
        "arn:aws:s3:::b/${aws:userid, 'anonymous'}/*",
        "arn:aws:s3:::b/anonymous/x",
        True,
        {},
    ),
    _resource(
        "a default is not used when there is a value",
        "arn:aws:s3:::b/${aws:userid, 'anonymous'}/*",
        "arn:aws:s3:::b/anonymous/x",
        False,
        {"aws:userid": "AIDA1"},
    ),
    _resource(
        "the value instead of the default",
        "arn:aws:s3:::b/${aws:PrincipalTag/team, 'company-wide'}/*",
        "arn:aws:s3:::b/red/x",
        True,
        {"aws:principaltag/team": "red"},
    ),
    _resource("${*} is an asterisk", "arn:aws:s3:::b/${*}", "arn:aws:s3:::b/*", True, {}),
    _resource("${*} is not a wildcard", "arn:aws:s3:::b/${*}", "arn:aws:s3:::b/x", False, {}),
    _resource("${?} is a question mark", "arn:aws:s3:::b/${?}", "arn:aws:s3:::b/?", True, {}),
    _resource("${?} is not a wildcard", "arn:aws:s3:::b/${?}", "arn:aws:s3:::b/x", False, {}),
    _resource("${$} is a dollar sign", "arn:aws:s3:::b/${$}x", "arn:aws:s3:::b/$x", True, {}),
    _resource("a dollar sign to begin what is no variable", "arn:aws:s3:::b/${$}{a}", "arn:aws:s3:::b/${a}", True, {}),
    _resource(
        "only after the fifth colon: not the account",
        "arn:aws:iam::${aws:PrincipalAccount}:user/john",
        "arn:aws:iam::123456789012:user/john",
        False,
        {"aws:principalaccount": "123456789012"},
    ),
    _resource(
        "version 2008-10-17: a literal string",
        "arn:aws:s3:::b/${aws:username}",
        "arn:aws:s3:::b/${aws:username}",
        True,
        _JOHN,
        "2008-10-17",
    ),
    _resource(
        "version 2008-10-17: not the user's name",
        "arn:aws:s3:::b/${aws:username}",
        "arn:aws:s3:::b/john",
        False,
        _JOHN,
        "2008-10-17",
    ),
    _resource(
        "no version is 2008-10-17: a literal string",
        "arn:aws:s3:::b/${aws:username}",
        "arn:aws:s3:::b/john",
        False,
        _JOHN,
        None,
    ),
]

VARIABLES_IN_CONDITIONS: Final = [
    ConditionCase(
        VARIABLES,
        "StringLike: the guide's prefix",
        {"StringLike": {"s3:prefix": ["", "home/", "home/${aws:username}/*"]}},
        {"s3:prefix": "home/john/letters", "aws:username": "john"},
        True,
    ),
    ConditionCase(
        VARIABLES,
        "StringLike: another user's prefix",
        {"StringLike": {"s3:prefix": ["", "home/", "home/${aws:username}/*"]}},
        {"s3:prefix": "home/mary/letters", "aws:username": "john"},
        False,
    ),
    ConditionCase(
        VARIABLES,
        "StringLike: the other values still count",
        {"StringLike": {"s3:prefix": ["", "home/", "home/${aws:username}/*"]}},
        {"s3:prefix": "home/"},
        True,
    ),
    ConditionCase(
        VARIABLES,
        "StringEquals: a tag of the resource is a tag of the principal",
        {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}},
        {"aws:resourcetag/team": "red", "aws:principaltag/team": "red"},
        True,
    ),
    ConditionCase(
        VARIABLES,
        "StringEquals: the tags differ",
        {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}},
        {"aws:resourcetag/team": "red", "aws:principaltag/team": "blue"},
        False,
    ),
    ConditionCase(
        VARIABLES,
        "StringEquals: without a value nothing matches",
        {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}},
        {"aws:resourcetag/team": "red"},
        False,
    ),
    ConditionCase(
        VARIABLES,
        "StringEquals: not even an empty value",
        {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}},
        {"aws:resourcetag/team": ""},
        False,
    ),
    ConditionCase(
        VARIABLES,
        "StringNotEquals: negated",
        {"StringNotEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}},
        {"aws:resourcetag/team": "red", "aws:principaltag/team": "red"},
        False,
    ),
    ConditionCase(
        VARIABLES,
        "StringNotLike is a string operator too",
        {"StringNotLike": {"s3:prefix": "home/${aws:username}/*"}},
        {"s3:prefix": "home/mary/x", "aws:username": "john"},
        True,
    ),
    ConditionCase(
        VARIABLES,
        "ArnLike: with a variable",
        {"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:${aws:username}"}},
        {"aws:sourcearn": "arn:aws:sns:us-east-1:123456789012:john", "aws:username": "john"},
        True,
    ),
    ConditionCase(
        VARIABLES,
        "ArnEquals: another",
        {"ArnEquals": {"aws:SourceArn": "arn:aws:sns:*:*:${aws:username}"}},
        {"aws:sourcearn": "arn:aws:sns:us-east-1:123456789012:mary", "aws:username": "john"},
        False,
    ),
    ConditionCase(
        VARIABLES,
        "the guide's endpoint and protocol",
        {
            "StringLike": {"sns:endpoint": "https://example.com/${aws:username}/*"},
            "StringEquals": {"sns:Protocol": "https"},
        },
        {"sns:endpoint": "https://example.com/john/x", "sns:protocol": "https", "aws:username": "john"},
        True,
    ),
    ConditionCase(
        VARIABLES,
        "a default in a condition",
        {"StringEquals": {"s3:prefix": "home/${aws:userid, 'anonymous'}"}},
        {"s3:prefix": "home/anonymous"},
        True,
    ),
    ConditionCase(
        VARIABLES,
        "StringLike: ${*} is an asterisk, not a wildcard",
        {"StringLike": {"s3:prefix": "a${*}"}},
        {"s3:prefix": "abc"},
        False,
    ),
    ConditionCase(
        VARIABLES,
        "StringLike: ${*} beside a wildcard",
        {"StringLike": {"s3:prefix": "a${*}*"}},
        {"s3:prefix": "a*bc"},
        True,
    ),
    ConditionCase(
        VARIABLES,
        "not with Numeric operators",
        {"NumericEquals": {"s3:max-keys": "${aws:PrincipalTag/limit}"}},
        {"s3:max-keys": "10", "aws:principaltag/limit": "10"},
        False,
    ),
    ConditionCase(
        VARIABLES,
        "not with IpAddress",
        {"IpAddress": {"aws:SourceIp": "${aws:PrincipalTag/office}"}},
        {"aws:sourceip": "192.0.2.1", "aws:principaltag/office": "192.0.2.1"},
        False,
    ),
    ConditionCase(
        VERSION,
        "version 2008-10-17: compared as it is written",
        {"StringEquals": {"s3:prefix": "${aws:username}"}},
        {"s3:prefix": "${aws:username}", "aws:username": "john"},
        True,
        "2008-10-17",
    ),
    ConditionCase(
        VERSION,
        "version 2008-10-17: no variable",
        {"StringEquals": {"s3:prefix": "${aws:username}"}},
        {"s3:prefix": "john", "aws:username": "john"},
        False,
        "2008-10-17",
    ),
    ConditionCase(
        VERSION,
        "no version: no variable",
        {"StringEquals": {"s3:prefix": "${aws:username}"}},
        {"s3:prefix": "john", "aws:username": "john"},
        False,
        None,
    ),
]
