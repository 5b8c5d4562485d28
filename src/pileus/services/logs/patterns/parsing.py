"""Which kind of filter pattern is it?

`{ ... }` asks JSON events, `[ ... ]` events of columns, everything else asks for terms; nothing matches everything.

Source: CloudWatch Logs User Guide, "Filter pattern syntax for metric filters, subscription filters, filter log events".
"""

from functools import lru_cache
from typing import Final

from pileus.services.logs.patterns.columns import parse_columns
from pileus.services.logs.patterns.face import InvalidPattern, Pattern
from pileus.services.logs.patterns.json_events import parse_json
from pileus.services.logs.patterns.terms import parse_terms

REGEXES_MAX: Final = 2
"""In one JSON or space-delimited pattern ("Supported regular expressions", Quotas)."""


@lru_cache(maxsize=256)
def parse(text: str) -> Pattern:
    """InvalidPattern, which is an InvalidParameterException."""
    stripped = text.strip()
    pattern: Pattern
    if stripped.startswith("{"):
        pattern = parse_json(stripped)
    elif stripped.startswith("["):
        pattern = parse_columns(stripped)
    else:
        return parse_terms(stripped)
    if pattern.regexes > REGEXES_MAX:
        raise InvalidPattern(f"Filter pattern contains more than {REGEXES_MAX} regular expressions")
    return pattern
