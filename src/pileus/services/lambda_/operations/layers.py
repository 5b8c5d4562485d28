"""Layers: published, looked at, deleted, shared."""

from collections.abc import Sequence

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.lambda_ import layer_store as records
from pileus.services.lambda_.errors import (
    InvalidParameterValueException,
    ResourceConflictException,
    ResourceNotFoundException,
)
from pileus.services.lambda_.layers import LayerName, LayerVersionRecord, check_own, layer_named, layer_of_arn
from pileus.services.lambda_.limits import LIST_ITEMS_MAX
from pileus.services.lambda_.model import StatementRecord, code_sha256_base64, last_modified
from pileus.services.lambda_.operations.base import LambdaBase, check_same_revision
from pileus.services.lambda_.policy import check_length, policy_text, statement_document
from pileus.services.lambda_.shapes import (
    AddLayerVersionPermissionRequest,
    AddLayerVersionPermissionResponse,
    DeleteLayerVersionRequest,
    GetLayerVersionByArnRequest,
    GetLayerVersionPolicyRequest,
    GetLayerVersionPolicyResponse,
    GetLayerVersionRequest,
    GetLayerVersionResponse,
    LayersListItem,
    LayerVersionContentOutput,
    LayerVersionsListItem,
    ListLayersRequest,
    ListLayersResponse,
    ListLayerVersionsRequest,
    ListLayerVersionsResponse,
    PublishLayerVersionRequest,
    PublishLayerVersionResponse,
    RemoveLayerVersionPermissionRequest,
)


class LayerOperations(LambdaBase):
    async def publish_layer_version(
        self, context: RequestContext, request: PublishLayerVersionRequest
    ) -> PublishLayerVersionResponse:
        layer = check_own(context, layer_named(context, request.layer_name))
        package = await self._package(context, request.content, within="Content.")
        if package.folder:
            raise NotImplementedByPileus("Hot reload of layers is not implemented")
        created_at = self._clock.now()

        async def publish(tx: Transaction) -> LayerVersionRecord:
            number = await records.next_number(tx, layer)
            version = LayerVersionRecord(
                number=number,
                description=request.description or "",
                created_at=created_at,
                code_sha256=package.sha256,
                code_size_bytes=package.size_bytes,
                unzipped_bytes=package.unzipped_bytes,
                license_info=request.license_info,
                runtimes=_listed(request.compatible_runtimes),
                architectures=_listed(request.compatible_architectures),
            )
            records.put_layer_version(tx, msgspec.structs.replace(layer, number=number), version)
            return version

        found = self._layer_described(context, layer, await self._store.run(publish))
        return msgspec.convert(found, PublishLayerVersionResponse, from_attributes=True)

    async def get_layer_version(
        self, context: RequestContext, request: GetLayerVersionRequest
    ) -> GetLayerVersionResponse:
        layer = check_own(context, _version(context, request.layer_name, request.version_number))
        return await self._found(context, layer)

    async def get_layer_version_by_arn(
        self, context: RequestContext, request: GetLayerVersionByArnRequest
    ) -> GetLayerVersionResponse:
        if layer_of_arn(request.arn) is None:  # one of AWS's own, `awslayer`, or a number that no version can have
            raise _not_there()
        return await self._found(context, layer_named(context, request.arn))

    async def delete_layer_version(self, context: RequestContext, request: DeleteLayerVersionRequest) -> None:
        """One that is not there is gone already. Recording lambda_api, test_layer_exceptions."""
        layer = check_own(context, _version(context, request.layer_name, request.version_number))

        async def delete(tx: Transaction) -> None:
            records.delete_layer_version(tx, layer)

        await self._store.run(delete)

    async def list_layer_versions(
        self, context: RequestContext, request: ListLayerVersionsRequest
    ) -> ListLayerVersionsResponse:
        layer = check_own(context, layer_named(context, request.layer_name))
        limit = request.max_items or LIST_ITEMS_MAX
        found = [
            version
            for version in await records.list_layer_versions(
                self._store.snapshot(), layer, below=_number(request.marker)
            )
            if version.fits(runtime=request.compatible_runtime, architecture=request.compatible_architecture)
        ]
        return ListLayerVersionsResponse(
            layer_versions=[_item(layer, version) for version in found[:limit]],
            next_marker=str(found[limit - 1].number) if len(found) > limit else None,
        )

    async def list_layers(self, context: RequestContext, request: ListLayersRequest) -> ListLayersResponse:
        """Each layer with its newest version that fits."""
        limit = request.max_items or LIST_ITEMS_MAX
        snapshot = self._store.snapshot()
        names = await records.list_layer_names(
            snapshot, account_id=context.account_id, region=context.region, after_name=request.marker, limit=0
        )
        shown: list[LayersListItem] = []
        for name in names:
            layer = layer_named(context, name)
            versions = await records.list_layer_versions(snapshot, layer)
            fitting = (
                version
                for version in versions
                if version.fits(runtime=request.compatible_runtime, architecture=request.compatible_architecture)
            )
            newest = next(fitting, None)
            if newest is None:
                continue
            if len(shown) == limit:
                return ListLayersResponse(layers=shown, next_marker=shown[-1].layer_name)
            shown.append(
                LayersListItem(layer_name=name, layer_arn=layer.arn, latest_matching_version=_item(layer, newest))
            )
        return ListLayersResponse(layers=shown)

    async def add_layer_version_permission(
        self, context: RequestContext, request: AddLayerVersionPermissionRequest
    ) -> AddLayerVersionPermissionResponse:
        layer = check_own(context, _version(context, request.layer_name, request.version_number))
        statement = StatementRecord(
            sid=request.statement_id,
            action=request.action,
            principal=request.principal,
            principal_org_id=request.organization_id,
        )

        async def add(tx: Transaction) -> str:
            version = await _require(tx, layer)
            check_same_revision(version.revision_id, request.revision_id, "GetLayerPolicy")
            if any(present.sid == statement.sid for present in version.policy):
                raise ResourceConflictException(
                    f"The statement id ({statement.sid}) provided already exists. Please provide a new statement id, "
                    "or remove the existing statement."
                )
            policy = [*version.policy, statement]
            check_length(policy, layer.version_arn)
            return self._put_policy(tx, layer, version, policy)

        revision_id = await self._store.run(add)
        document = statement_document(statement, layer.version_arn)
        return AddLayerVersionPermissionResponse(
            statement=msgspec.json.encode(document).decode(), revision_id=revision_id
        )

    async def get_layer_version_policy(
        self, context: RequestContext, request: GetLayerVersionPolicyRequest
    ) -> GetLayerVersionPolicyResponse:
        layer = check_own(context, _version(context, request.layer_name, request.version_number))
        version = await _require(self._store.snapshot(), layer)
        if not version.policy:
            raise ResourceNotFoundException("No policy is associated with the given resource.")
        return GetLayerVersionPolicyResponse(
            policy=policy_text(version.policy, layer.version_arn), revision_id=version.revision_id
        )

    async def remove_layer_version_permission(
        self, context: RequestContext, request: RemoveLayerVersionPermissionRequest
    ) -> None:
        layer = check_own(context, _version(context, request.layer_name, request.version_number))

        async def remove(tx: Transaction) -> None:
            version = await _require(tx, layer)
            check_same_revision(version.revision_id, request.revision_id, "GetLayerPolicy")
            policy = [present for present in version.policy if present.sid != request.statement_id]
            if len(policy) == len(version.policy):
                raise ResourceNotFoundException(f"Statement {request.statement_id} is not found in resource policy.")
            self._put_policy(tx, layer, version, policy)

        await self._store.run(remove)

    def _put_policy(
        self, tx: Transaction, layer: LayerName, version: LayerVersionRecord, policy: list[StatementRecord]
    ) -> str:
        revision_id = self._ids.uuid()
        records.put_layer_version(tx, layer, msgspec.structs.replace(version, policy=policy, revision_id=revision_id))
        return revision_id

    async def _found(self, context: RequestContext, layer: LayerName) -> GetLayerVersionResponse:
        version = await records.get_layer_version(self._store.snapshot(), layer)
        if version is None:
            raise _not_there()
        return self._layer_described(context, layer, version)

    def _layer_described(
        self, context: RequestContext, layer: LayerName, version: LayerVersionRecord
    ) -> GetLayerVersionResponse:
        """Recording lambda_api, test_layer_lifecycle."""
        return GetLayerVersionResponse(
            content=LayerVersionContentOutput(
                location=self.code_handler.location(context, version.code_sha256),
                code_sha256=code_sha256_base64(version.code_sha256),
                code_size=version.code_size_bytes,
            ),
            layer_arn=layer.arn,
            layer_version_arn=f"{layer.arn}:{version.number}",
            description=version.description,
            created_date=last_modified(version.created_at),
            version=version.number,
            compatible_architectures=version.architectures,  # type: ignore[arg-type]  # checked when it was published
            compatible_runtimes=version.runtimes,  # type: ignore[arg-type]  # checked when it was published
            license_info=version.license_info,
        )


def _listed(values: Sequence[str] | None) -> list[str] | None:
    return None if values is None else list(values)


def _item(layer: LayerName, version: LayerVersionRecord) -> LayerVersionsListItem:
    return LayerVersionsListItem(
        layer_version_arn=f"{layer.arn}:{version.number}",
        version=version.number,
        description=version.description,
        created_date=last_modified(version.created_at),
        compatible_architectures=version.architectures,  # type: ignore[arg-type]  # checked when it was published
        compatible_runtimes=version.runtimes,  # type: ignore[arg-type]  # checked when it was published
        license_info=version.license_info,
    )


def _version(context: RequestContext, name: str, number: int) -> LayerName:
    """Recording lambda_api, test_layer_exceptions."""
    if number < 1:
        raise InvalidParameterValueException("Layer Version Cannot be less than 1")
    return layer_named(context, name, number)


def _number(marker: str | None) -> int | None:
    if not marker:
        return None
    if not (marker.isascii() and marker.isdigit() and len(marker) < _MARKER_DIGITS_MAX):
        raise InvalidParameterValueException("Invalid marker")
    return int(marker)


_MARKER_DIGITS_MAX = 19


def _not_there() -> ResourceNotFoundException:
    return ResourceNotFoundException("The resource you requested does not exist.")


async def _require(snapshot: Snapshot, layer: LayerName) -> LayerVersionRecord:
    version = await records.get_layer_version(snapshot, layer)
    if version is None:
        raise ResourceNotFoundException(f"Layer version {layer.version_arn} does not exist.")
    return version
