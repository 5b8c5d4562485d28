"""CloudWatch Logs Insights: `parse_query` understands a query once, a `Run` takes events and gives rows."""

from pileus.services.logs.insights.commands import parse_query
from pileus.services.logs.insights.rows import Row
from pileus.services.logs.insights.running import Run

__all__ = ["Row", "Run", "parse_query"]
