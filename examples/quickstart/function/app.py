"""Notes over HTTP: plain boto3, and nothing that knows where it runs."""

import base64
import json
import os
import uuid
from datetime import UTC, datetime
from typing import Any

import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])

TEXT_CHARACTERS_MAX = 10_000

Answer = tuple[int, object]


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one request of the HTTP API (payload format 2.0)."""
    status, content = ROUTES[event["routeKey"]](event)
    print(f"{event['routeKey']} -> {status}")
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json"},
        "body": "" if content is None else json.dumps(content) + "\n",
    }


def create_note(event: dict[str, Any]) -> Answer:
    """Store `{"text": ...}` as a note of its own."""
    text = _text(event)
    if text is None:
        return 400, {"message": f'Send JSON such as {{"text": "..."}}, of at most {TEXT_CHARACTERS_MAX} characters'}
    note = {"id": str(uuid.uuid4()), "text": text, "created": datetime.now(UTC).isoformat()}
    table.put_item(Item=note)
    return 201, note


def list_notes(event: dict[str, Any]) -> Answer:
    """All notes, oldest first."""
    notes: list[dict[str, Any]] = []
    page: dict[str, Any] = table.scan()
    notes += page["Items"]
    while "LastEvaluatedKey" in page:
        page = table.scan(ExclusiveStartKey=page["LastEvaluatedKey"])
        notes += page["Items"]
    return 200, {"notes": sorted(notes, key=lambda note: note["created"])}


def get_note(event: dict[str, Any]) -> Answer:
    """One note by its id."""
    found = table.get_item(Key={"id": event["pathParameters"]["id"]})
    return (200, found["Item"]) if "Item" in found else (404, {"message": "No such note"})


def delete_note(event: dict[str, Any]) -> Answer:
    """Remove a note; removing it twice is fine."""
    table.delete_item(Key={"id": event["pathParameters"]["id"]})
    return 204, None


def _text(event: dict[str, Any]) -> str | None:
    body = event.get("body") or ""
    try:
        content = json.loads(base64.b64decode(body) if event["isBase64Encoded"] else body)
    except ValueError:
        return None
    text = content.get("text") if isinstance(content, dict) else None
    return text if isinstance(text, str) and 0 < len(text) <= TEXT_CHARACTERS_MAX else None


ROUTES = {
    "POST /notes": create_note,
    "GET /notes": list_notes,
    "GET /notes/{id}": get_note,
    "DELETE /notes/{id}": delete_note,
}
