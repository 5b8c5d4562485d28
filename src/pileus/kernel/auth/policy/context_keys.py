"""Which condition keys does a policy speak of?

As conditions and as variables, spelled as the policy spells them: what GetContextKeysForCustomPolicy answers.
"""

import re
from collections.abc import Iterator
from typing import Final

from pileus.kernel.auth.policy.documents import Document, parse_document

_VARIABLE: Final = re.compile(r"\$\{\s*([^{},'*?$]+?)\s*(?:,[^{}]*)?\}")


def context_keys(text: str) -> tuple[str, ...]:
    """Sorted, each once whatever its case. PolicySyntax unless `text` is a policy document."""
    document = parse_document(text)
    found = {key.lower(): key for key in _keys(document)}
    return tuple(sorted(found.values()))


def _keys(document: Document) -> Iterator[str]:
    for statement in document.statements:
        texts = list(statement.resource.values if statement.resource else ())
        for _, key, values in statement.condition:
            yield key
            texts.extend(values)
        if document.has_variables:
            for each in texts:
                yield from _VARIABLE.findall(each)
