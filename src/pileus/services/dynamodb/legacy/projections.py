"""What does AttributesToGet leave of an item?"""

from collections.abc import Sequence

from pileus.services.dynamodb.errors import invalid_parameter
from pileus.services.dynamodb.expressions.projections import compile_projection
from pileus.services.dynamodb.expressions.request import Projection
from pileus.services.dynamodb.legacy.operators import usage_of


def projection_of(attributes: Sequence[str]) -> Projection:
    """These attributes and no others, not even the key; `ValidationException` when one is named twice."""
    seen: set[str] = set()
    for name in attributes:
        if name in seen:
            raise invalid_parameter(f"Duplicate value in attribute name: {name}")
        seen.add(name)
    usage = usage_of(attributes)
    return Projection(usage=usage, project=compile_projection([(name,) for name in attributes]), heads=usage.heads)
