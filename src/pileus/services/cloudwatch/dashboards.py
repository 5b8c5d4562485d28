"""What is a dashboard, what is wrong with its body, and where is it kept?

Sources: CloudWatch API Reference, "Dashboard body structure and syntax"; API_PutDashboard.
"""

import re
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import msgspec

from pileus.kernel.storage.keys import Subspace, after
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.cloudwatch.errors import InvalidParameterInput, InvalidParameterValue, ResourceNotFound
from pileus.services.cloudwatch.model import Scope
from pileus.services.cloudwatch.shapes import DashboardValidationMessage

_DASHBOARDS: Final = Subspace("cloudwatch", "dashboards")
_NAME: Final = re.compile(r"[A-Za-z0-9_-]+")
_NAME_MAX: Final = 255
_PAGE: Final = 256
_WIDGETS_MAX: Final = 500
_PLACES: Final = ("x", "y", "width", "height")
_WIDTH_MAX: Final = 24
_HEIGHT_MAX: Final = 1_000


class DashboardRecord(msgspec.Struct, frozen=True, kw_only=True, tag="cloudwatch_dashboard.v1"):
    """body: as it was given. modified_s: seconds since 1970."""

    name: str
    body: str
    modified_s: float
    tags: dict[str, str] = {}


async def find_dashboard(reader: Snapshot, scope: Scope, name: str) -> DashboardRecord | None:
    kept = await reader.get(_DASHBOARDS.pack(scope.account_id, name))
    return None if kept is None else decode(kept, DashboardRecord)


async def get_dashboard(reader: Snapshot, scope: Scope, name: str) -> DashboardRecord:
    """Raises ResourceNotFound."""
    dashboard = await find_dashboard(reader, scope, name)
    if dashboard is None:
        raise ResourceNotFound(f"Dashboard {name} does not exist")
    return dashboard


async def dashboards(reader: Snapshot, scope: Scope, *, prefix: str) -> list[DashboardRecord]:
    """In order of their names."""
    pairs = await reader.range(*_DASHBOARDS.range(scope.account_id))
    return [one for _, value in pairs if (one := decode(value, DashboardRecord)).name.startswith(prefix)]


async def every_dashboard(reader: Snapshot) -> AsyncIterator[tuple[str, str]]:
    """Account and name of each."""
    begin, end = _DASHBOARDS.range()
    while page := await reader.range(begin, end, limit=_PAGE):
        for key, _ in page:
            account_id, name = _DASHBOARDS.unpack(key)
            yield str(account_id), str(name)
        begin = after(page[-1][0])


def put_dashboard(tx: Transaction, scope: Scope, dashboard: DashboardRecord) -> None:
    tx.set(_DASHBOARDS.pack(scope.account_id, dashboard.name), encode(dashboard))


def clear_dashboard(tx: Transaction, scope: Scope, name: str) -> None:
    tx.clear(_DASHBOARDS.pack(scope.account_id, name))


def check_name(name: str) -> None:
    """Recording test_invalid_dashboard_name."""
    if not 0 < len(name) <= _NAME_MAX or _NAME.fullmatch(name) is None:
        raise InvalidParameterValue(
            "The value for field DashboardName contains invalid characters. "
            "It can only contain alphanumerics, dash (-) and underscore (_).\n"
        )


def check_body(text: str) -> list[DashboardValidationMessage]:
    """Or what is wrong with it; gives what is only doubtful."""
    try:
        body = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise _wrong({"": "The field DashboardBody must be a valid JSON object"})
    faults = dict(_faults(body))
    if faults:
        raise _wrong(faults)
    return [] if "widgets" in body else [_message("", "The dashboard has no widgets")]


def _faults(body: Mapping[str, Any]) -> Mapping[str, str]:
    widgets = body.get("widgets", [])
    if not isinstance(widgets, list):
        return {"/widgets": "Should be an array"}
    if len(widgets) > _WIDGETS_MAX:
        return {"/widgets": f"Should NOT have more than {_WIDGETS_MAX} items"}
    return {path: fault for number, widget in enumerate(widgets) for path, fault in _of_widget(number, widget)}


def _of_widget(number: int, widget: object) -> list[tuple[str, str]]:
    path = f"/widgets/{number}"
    if not isinstance(widget, dict):
        return [(path, "Should be an object")]
    found = [(path, f"Should have required property '{name}'") for name in ("type", "properties") if name not in widget]
    if "type" in widget and not isinstance(widget["type"], str):
        found.append((f"{path}/type", "Should be a string"))
    if "properties" in widget and not isinstance(widget["properties"], dict):
        found.append((f"{path}/properties", "Should be an object"))
    for name in _PLACES:
        value = widget.get(name, 1)
        most = {"width": _WIDTH_MAX, "height": _HEIGHT_MAX}.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            found.append((f"{path}/{name}", "Should be an integer"))
        elif value < (0 if most is None else 1):
            found.append((f"{path}/{name}", f"Should be >= {0 if most is None else 1}"))
        elif most is not None and value > most:
            found.append((f"{path}/{name}", f"Should be <= {most}"))
    return found


def _message(path: str, text: str) -> DashboardValidationMessage:
    return DashboardValidationMessage(data_path=path, message=text)


def _wrong(faults: Mapping[str, str]) -> InvalidParameterInput:
    listed = msgspec.json.format(
        msgspec.json.encode([{"dataPath": path, "message": fault} for path, fault in faults.items()]), indent=2
    ).decode()
    return InvalidParameterInput(
        f"The dashboard body is invalid, there are {len(faults)} validation errors:\n{listed}",
        members={"dashboardValidationMessages": [_message(path, fault) for path, fault in faults.items()]},
    )
