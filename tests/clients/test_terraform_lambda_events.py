"""Terraform, with HashiCorp's provider as it ships, brings up a table, a queue, functions, and what maps them.

See `test_terraform_iam` for what it needs.
"""

from pathlib import Path
from typing import Final

from tests.clients.test_terraform_iam import Terraform
from tests.clients.test_terraform_iam import pytestmark as pytestmark
from tests.conftest import Server
from tests.support.functions import archive

MODULE: Final = Path(__file__).parent / "terraform_lambda_events"
ACCOUNT: Final = "555544443333"


def test_mappings_are_applied_changed_and_destroyed(aws: Server, tmp_path: Path) -> None:
    """Each apply is followed by an empty plan (exit status 0 of -detailed-exitcode): what was written reads back."""
    folder = tmp_path / "module"
    terraform = Terraform(folder, aws, module=MODULE, account=ACCOUNT)
    (folder / "function.zip").write_bytes(archive("def handler(event, context): return {'batchItemFailures': []}"))
    functions = aws.client("lambda", aws_access_key_id=ACCOUNT)
    terraform("init", "-input=false")
    terraform("apply", "-input=false", "-auto-approve")
    terraform("plan", "-input=false", "-detailed-exitcode")
    uuid = terraform.outputs()["uuid"]
    assert functions.get_event_source_mapping(UUID=uuid)["State"] == "Enabled"
    queue_mapping = terraform.outputs()["queue_mapping"]
    assert functions.get_event_source_mapping(UUID=queue_mapping)["ScalingConfig"] == {"MaximumConcurrency": 3}

    change = ["-var", "batch_size=50", "-var", "enabled=false"]
    terraform("apply", "-input=false", "-auto-approve", *change)
    terraform("plan", "-input=false", "-detailed-exitcode", *change)
    for mapping in (uuid, queue_mapping):
        changed = functions.get_event_source_mapping(UUID=mapping)
        assert (changed["State"], changed["BatchSize"]) == ("Disabled", 50)

    terraform("destroy", "-input=false", "-auto-approve", *change)
    assert functions.list_event_source_mappings()["EventSourceMappings"] == []
