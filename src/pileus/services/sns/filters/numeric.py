"""Which numbers does `numeric` let through?

`["=", 1]`, `[">", 0]`, `[">=", 0, "<", 100]`, each refused where AWS's compiler meets the mistake (recordings
sns_filter_policy, `test_validate_policy_numeric_operator`).
"""

from typing import Final

from pileus.services.sns.filters.cursor import Cursor
from pileus.services.sns.filters.tokens import Kind

NUMBER_MAX: Final = 1e9
"""Source: SNS Developer Guide, "Filter policy constraints in Amazon SNS"."""

_TOO_MANY: Final = "Too many elements in numeric expression"


def read_numeric(cursor: Cursor) -> list[str | int | float]:
    """What stands in the array, behind whose opening bracket the cursor is; FilterPolicyRefused."""
    if cursor.next().kind is not Kind.STRING:
        cursor.refuse(f"Invalid member in numeric match: {cursor.text()}")
    operator = cursor.text()
    cursor.next()
    if operator not in ("=", "<", "<=", ">", ">="):
        cursor.refuse(f"Unrecognized numeric range operator: {operator}")
    bottom = _number(cursor, "equals" if operator == "=" else operator)
    if cursor.next().kind is Kind.ARRAY_END:
        _check_range(cursor, bottom)
        return [operator, bottom]
    if operator not in (">", ">="):
        cursor.refuse(_TOO_MANY)
    if cursor.now.kind is not Kind.STRING:
        cursor.refuse(f"Bad value in numeric range: {cursor.text()}")
    second = cursor.text()
    if second not in ("<", "<="):
        cursor.refuse(f"Bad numeric range operator: {second}")
    cursor.next()
    top = _number(cursor, second)
    if cursor.next().kind is not Kind.ARRAY_END:
        cursor.refuse("Too many terms in numeric range expression")
    if bottom >= top:
        cursor.refuse("Bottom must be less than top")
    _check_range(cursor, bottom, top)
    return [operator, bottom, second, top]


def _number(cursor: Cursor, operator: str) -> int | float:
    value = cursor.now.value
    if cursor.now.kind is not Kind.NUMBER:
        cursor.refuse(f"Value of {operator} must be numeric")
    assert isinstance(value, int | float)
    return value


def _check_range(cursor: Cursor, *numbers: float) -> None:
    if not all(-NUMBER_MAX <= number <= NUMBER_MAX for number in numbers):
        cursor.refuse("Value must be between -1.0E9 and 1.0E9, inclusive")
