"""Which messages does a subscription with a filter policy get?

`parse` reads a policy once and refuses it in AWS's words; `CompiledFilter.accepts` asks it of a message. One
`Candidate` serves all subscriptions of a message: its body is read as JSON at most once.
"""

from pileus.services.sns.filters.matching import Attribute, Candidate, CompiledFilter, Scope, parse
from pileus.services.sns.filters.refusing import FilterPolicyRefused

__all__ = ["Attribute", "Candidate", "CompiledFilter", "FilterPolicyRefused", "Scope", "parse"]
