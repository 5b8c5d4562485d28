"""How long does a decision of the policy engine take?

Ten policies of ten statements each, in five situations; the last statement is the one that allows, so that everything
before it is looked at. `python -m bench.policy`; nothing is asserted, the goal is 20 us.
"""

import json
import platform
from collections.abc import Callable
from time import process_time_ns

from pileus.kernel.auth.policy import NamedPolicy, PolicySet, Query, compile_policy, decide
from pileus.kernel.context import Principal

_ACCOUNT = "123456789012"
_TABLE = f"arn:aws:dynamodb:us-east-1:{_ACCOUNT}:table/Orders"
_POLICIES = 10
_STATEMENTS = 10
_DECISIONS = 20_000
_ROUNDS = 5

Statement = dict[str, object]


def _allow(action: str, resource: str, condition: dict[str, dict[str, object]] | None = None) -> Statement:
    statement: Statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return statement | {"Condition": condition} if condition else statement


def _other_services(number: int) -> Statement:
    return _allow(f"service{number}:*", "*")


def _other_tables(number: int) -> Statement:
    return _allow("dynamodb:*Item", f"arn:aws:dynamodb:us-east-1:{_ACCOUNT}:table/Other{number}*")


def _other_wildcards(number: int) -> Statement:
    return _allow("dynamodb:*", f"arn:aws:dynamodb:*:{_ACCOUNT}:table/*/other{number}")


def _failing_conditions(number: int) -> Statement:
    condition: dict[str, dict[str, object]] = {
        "StringLike": {"aws:PrincipalTag/team": [f"team-{number}-*", f"{number}-*"]},
    }
    return _allow("dynamodb:GetItem", f"arn:aws:dynamodb:us-east-1:{_ACCOUNT}:table/*", condition)


def _mixed(number: int) -> Statement:
    """As policies are: other services, other tables, a condition now and then, a Deny."""
    made = (_other_services, _other_services, _other_tables, _other_wildcards, _failing_conditions)[number // 2 % 5](
        number
    )
    return made | {"Effect": "Deny"} if number % 10 == 4 else made


_CASES = {
    "a mixture: services, tables, 20 conditions, 10 Denies": _mixed,
    "statements of other services": _other_services,
    "100 statements of the action, other resources (prefix)": _other_tables,
    "100 statements of the action, other resources (wildcards)": _other_wildcards,
    "100 statements of the action and resource, conditions fail": _failing_conditions,
}


def main() -> None:
    print(f"{platform.python_implementation()} {platform.python_version()}, {platform.processor() or 'unknown CPU'}")
    query = Query(
        principal=Principal(account_id=_ACCOUNT, arn=f"arn:aws:iam::{_ACCOUNT}:user/bench", user_id="AIDABENCH"),
        action="dynamodb:GetItem",
        resource=_TABLE,
        conditions={"aws:principaltag/team": "orders", "aws:sourceip": "192.0.2.1"},
        resource_account_id=_ACCOUNT,
    )
    for name, make in _CASES.items():
        print(f"{_microseconds(query, _policies(make)):8.2f} us  {name}")


def _policies(make: Callable[[int], Statement]) -> PolicySet:
    compiled = []
    for index in range(_POLICIES):
        statements = [make(index * _STATEMENTS + each) for each in range(_STATEMENTS)]
        if index == _POLICIES - 1:
            statements[-1] = _allow("dynamodb:GetItem", _TABLE)
        text = json.dumps({"Version": "2012-10-17", "Statement": statements})
        compiled.append(NamedPolicy(f"policy{index}", compile_policy(text), "inline"))
    return PolicySet(identity=tuple(compiled))


def _microseconds(query: Query, policies: PolicySet) -> float:
    """Of one decision, in processor time, which other work on the machine disturbs less: the best round."""
    assert decide(query, policies).allowed
    best = float("inf")
    for _ in range(_ROUNDS):
        started = process_time_ns()
        for _ in range(_DECISIONS):
            decide(query, policies)
        best = min(best, (process_time_ns() - started) / _DECISIONS / 1000)
    return best


if __name__ == "__main__":
    main()
