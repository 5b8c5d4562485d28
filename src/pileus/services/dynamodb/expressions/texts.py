"""Does the text of an expression keep AWS's rules, whatever its names and values?

The first of two passes: reserved words, indexes, function names, places and operands, in the order written. `checks` is
the second, and says where the rules, their order and their texts are known from.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from pileus.services.dynamodb.expressions.reserved import RESERVED
from pileus.services.dynamodb.expressions.syntax import (
    Call,
    Combination,
    Node,
    Not,
    Parentheses,
    Path,
    Section,
    children,
)
from pileus.services.dynamodb.expressions.tokens import ExpressionError

CONDITION_FUNCTIONS: Final = {
    "attribute_exists": 1,
    "attribute_not_exists": 1,
    "attribute_type": 2,
    "begins_with": 2,
    "contains": 2,
}
OPERAND_FUNCTIONS: Final = {"size": 1}
UPDATE_FUNCTIONS: Final = {"if_not_exists": 2, "list_append": 2}
_OPERANDS: Final = CONDITION_FUNCTIONS | OPERAND_FUNCTIONS | UPDATE_FUNCTIONS

_INDEX_MAX: Final = 2**31 - 1


def _check_steps(path: Path) -> None:
    for step in path.steps:
        if isinstance(step, int):
            if step > _INDEX_MAX:
                raise ExpressionError(f"List index is not within the allowable range; index: [{step}]")
        elif step[0] != "#" and step.upper() in RESERVED:
            raise ExpressionError(f"Attribute name is a reserved keyword; reserved keyword: {step}")


def _check_place(call: Call, *, in_update: bool, as_condition: bool) -> None:
    name = call.function
    if name not in _OPERANDS:
        raise ExpressionError(f"Invalid function name; function: {name}")
    if in_update != (name in UPDATE_FUNCTIONS):
        place = "an update" if in_update else "a condition"
        raise ExpressionError(f"The function is not allowed in {place} expression; function: {name}")
    if not in_update and as_condition != (name in CONDITION_FUNCTIONS):
        raise ExpressionError(f"The function is not allowed to be used this way in an expression; function: {name}")


def check_count(call: Call) -> None:
    """In an update it is asked with names and values, by `checks`."""
    if len(call.arguments) != _OPERANDS[call.function]:
        raise ExpressionError(
            "Incorrect number of operands for operator or function; "
            f"operator or function: {call.function}, number of operands: {len(call.arguments)}"
        )


def _check_text(node: Node, *, in_update: bool = False, as_condition: bool = False) -> None:
    if isinstance(node, Path):
        _check_steps(node)
        return
    if isinstance(node, Call):
        _check_place(node, in_update=in_update, as_condition=as_condition)
        if not in_update:
            check_count(node)
    inner_is_condition = isinstance(node, Combination | Not) or (isinstance(node, Parentheses) and as_condition)
    for child in children(node):
        _check_text(child, in_update=in_update, as_condition=inner_is_condition)


def check_condition_text(node: Node) -> None:
    """The first pass over a condition, a filter or a key condition."""
    _check_text(node, as_condition=True)


def check_projection_text(paths: Iterable[Path]) -> None:
    """The first pass over a projection."""
    for path in paths:
        _check_steps(path)


def check_update_text(sections: Sequence[Section]) -> None:
    """The first pass over an update, a clause at a time in the order in which the clauses first appear."""
    for clause in dict.fromkeys(section.clause for section in sections):
        same = [section for section in sections if section.clause == clause]
        for action in (action for section in same for action in section.actions):
            _check_steps(action.path)
            if action.operand is not None:
                _check_text(action.operand, in_update=True)
        if len(same) > 1:
            raise ExpressionError(f'The "{clause}" section can only be used once in an update expression;')
