"""Which changes may one UpdateTable ask for, whatever the table?

Nearly every change has to come alone. Source of the combinations and of the words: what AWS answered, in the lab notes
of ack-api-quirks (2026-10), DDB-TABLE-433, -382, -174, -160, -442.
"""

from collections.abc import Sequence
from typing import Final

from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.dynamodb.errors import ValidationException, invalid_parameter
from pileus.services.dynamodb.shapes import GlobalSecondaryIndexUpdate, StreamSpecification, UpdateTableInput
from pileus.services.dynamodb.tables.encryption import check_encryption
from pileus.services.dynamodb.tables.throughput import ON_DEMAND, PROVISIONED, check_bounds

_AT_LEAST_ONE: Final = (
    "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates, "
    "SSESpecification, ReplicaUpdates, MultiAccountReplicaReady, ReplicaTransitRoleArn, MultiRegionConsistency, "
    "DeletionProtectionEnabled, OnDemandThroughput, WarmThroughput or TableClass is required"
)


def check_request(request: UpdateTableInput) -> None:
    """All that can be said without looking at the table."""
    _check_built(request)
    asked = _asked(request)
    if not asked:
        raise ValidationException(_AT_LEAST_ONE)
    updates = request.global_secondary_index_updates
    if updates is not None:
        if not updates:
            raise invalid_parameter("List of GlobalSecondaryIndexUpdates is empty")
        _check_actions(updates)
    _check_billing(request)
    _check_alone(request, asked)
    check_encryption(request.sse_specification)
    _check_stream(request.stream_specification)


def _check_built(request: UpdateTableInput) -> None:
    asked_for = {
        "ReplicaUpdates": request.replica_updates,
        "MultiRegionConsistency": request.multi_region_consistency,
        "GlobalTableWitnessUpdates": request.global_table_witness_updates,
        "GlobalTableSettingsReplicationMode": request.global_table_settings_replication_mode,
        "DisassociationProtectionEnabled": request.disassociation_protection_enabled,
        "VectorIndexUpdates": request.vector_index_updates,
    }
    for parameter, value in asked_for.items():
        if value is not None:
            raise NotImplementedByPileus(f"UpdateTable with {parameter} is not implemented")


def _asked(request: UpdateTableInput) -> set[str]:
    """The parameters that ask for something; empty limits and an empty warmth do not (DDB-TABLE-456)."""
    limits, warm = request.on_demand_throughput, request.warm_throughput
    parameters = {
        "ProvisionedThroughput": request.provisioned_throughput is not None,
        "BillingMode": request.billing_mode is not None,
        "StreamSpecification": request.stream_specification is not None,
        "GlobalSecondaryIndexUpdates": bool(request.global_secondary_index_updates),
        "SSESpecification": request.sse_specification is not None,
        "DeletionProtectionEnabled": request.deletion_protection_enabled is not None,
        "OnDemandThroughput": limits is not None
        and (limits.max_read_request_units is not None or limits.max_write_request_units is not None),
        "WarmThroughput": warm is not None
        and (warm.read_units_per_second is not None or warm.write_units_per_second is not None),
        "TableClass": request.table_class is not None,
    }
    return {parameter for parameter, asked in parameters.items() if asked}


def index_of(update: GlobalSecondaryIndexUpdate) -> str:
    action = update.update or update.create or update.delete
    assert action is not None
    return action.index_name


def makes_or_removes(updates: Sequence[GlobalSecondaryIndexUpdate]) -> int:
    """How many indexes are created or deleted."""
    return sum(update.update is None for update in updates)


def _check_actions(updates: Sequence[GlobalSecondaryIndexUpdate]) -> None:
    seen = set[str]()
    for update in updates:
        actions = sum(action is not None for action in (update.update, update.create, update.delete))
        if actions == 0:
            raise invalid_parameter(
                "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, "
                "GlobalSecondaryIndexUpdate.Delete must not be null"
            )
        if actions > 1:
            raise invalid_parameter(
                "Only one global secondary index action is allowed per GlobalSecondaryIndexUpdate object"
            )
        name = index_of(update)
        if name in seen:
            raise invalid_parameter(
                f"Only one global secondary index update per index is allowed simultaneously. Index: {name}"
            )
        seen.add(name)
        warm = None if update.update is None else update.update.warm_throughput
        if warm is not None and warm.read_units_per_second is None and warm.write_units_per_second is None:
            raise invalid_parameter(
                "WarmThroughput must have at least one of ReadUnitsPerSecond or WriteUnitsPerSecond specified for "
                f"index: {name}"
            )


def _check_billing(request: UpdateTableInput) -> None:
    throughput = request.provisioned_throughput
    if throughput is not None:
        check_bounds(throughput)
    if request.billing_mode == ON_DEMAND and throughput is not None:
        raise invalid_parameter("ProvisionedThroughput cannot be specified when BillingMode is PAY_PER_REQUEST")
    if request.billing_mode == PROVISIONED and throughput is None:
        raise invalid_parameter("ProvisionedThroughput must be specified when BillingMode is PROVISIONED")


def _check_alone(request: UpdateTableInput, asked: set[str]) -> None:
    for parameter, told in (
        ("SSESpecification", "Server-Side Encryption modification"),
        ("TableClass", "TableClass modification"),
        ("DeletionProtectionEnabled", "DeletionProtection modification"),
    ):
        if parameter in asked and len(asked) > 1:
            raise invalid_parameter(f"{told} must be the only operation in the request")
    updates = request.global_secondary_index_updates or ()
    rebuilt = makes_or_removes(updates) > 0
    if "WarmThroughput" in asked and len(asked) > 1:
        if any(update.create is not None for update in updates):
            raise invalid_parameter("Create global secondary index cannot be specified when updating WarmThroughput")
        raise invalid_parameter("WarmThroughput must be the only operation in the request")
    if "OnDemandThroughput" in asked and not asked <= {"OnDemandThroughput", "BillingMode"}:
        raise invalid_parameter("OnDemandThroughput can only be combined with BillingMode in an UpdateTable request")
    if "StreamSpecification" in asked and "ProvisionedThroughput" in asked:
        raise invalid_parameter("You cannot modify stream status while updating table IOPS")
    if rebuilt and "ProvisionedThroughput" in asked:
        raise invalid_parameter("You cannot create or delete index while updating table IOPS")
    if rebuilt and "StreamSpecification" in asked:
        raise invalid_parameter("You cannot create or delete index while changing stream status")


def _check_stream(specification: StreamSpecification | None) -> None:
    if specification is None:
        return
    if specification.stream_enabled and specification.stream_view_type is None:
        raise invalid_parameter("If stream is being enabled then UpdateViewType is required")
    if not specification.stream_enabled and specification.stream_view_type is not None:
        raise invalid_parameter("If stream is being disabled, then UpdateViewType must not be specified")
