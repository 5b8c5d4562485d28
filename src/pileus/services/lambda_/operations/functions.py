"""Functions: made, looked at, changed, deleted."""

from collections.abc import Sequence

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Transaction
from pileus.services.lambda_ import settings_store
from pileus.services.lambda_ import store as records
from pileus.services.lambda_.checking import check_configuration, check_creation, check_name, check_recoding
from pileus.services.lambda_.configuring import created, dead_letters_of, recoded, reconfigured
from pileus.services.lambda_.describing import being_created, being_updated, described
from pileus.services.lambda_.errors import (
    CodeSigningConfigNotFoundException,
    CodeVerificationFailedException,
    FunctionNotFound,
    InvalidParameterValueException,
    ResourceConflictException,
    ResourceNotFoundException,
)
from pileus.services.lambda_.images.configuring import check_recoding_kind
from pileus.services.lambda_.layer_store import get_layer_version
from pileus.services.lambda_.layers import check_unzipped, wanted_layers
from pileus.services.lambda_.model import FunctionRecord, LayerUse, latest_of, version_of
from pileus.services.lambda_.names import LATEST, FunctionName, function_name
from pileus.services.lambda_.operations.base import LambdaBase, check_revision
from pileus.services.lambda_.operations.tags import check_tags
from pileus.services.lambda_.settings import ConcurrencyRecord, SigningRecord, UrlRecord
from pileus.services.lambda_.shapes import (
    Concurrency,
    CreateFunctionRequest,
    DeleteFunctionRequest,
    DeleteFunctionResponse,
    FunctionCodeLocation,
    FunctionConfiguration,
    GetFunctionConfigurationRequest,
    GetFunctionRequest,
    GetFunctionResponse,
    UpdateFunctionCodeRequest,
    UpdateFunctionConfigurationRequest,
)
from pileus.services.lambda_.signing import get_signing_config, signing_config_of


class FunctionOperations(LambdaBase):
    async def create_function(self, context: RequestContext, request: CreateFunctionRequest) -> FunctionConfiguration:
        function = function_name(context, request.function_name).only_latest()
        name = check_name(function.name)
        check_creation(request)
        check_tags(request.tags or {})
        await self._check_absent(function)
        await self._check_role(function, request.role)
        if dead_letters := dead_letters_of(request):
            await self._destinations.check_dead_letters(dead_letters, role_arn=request.role, region=function.region)
        self._pool.prepare()
        layers = await self._layers(function, request.layers or ())
        if request.package_type == "Image":
            package = await self._image(context, request.code.image_uri or "", request.architectures)
        else:
            package = await self._package(context, request.code, within="Code.")
        check_unzipped(package.unzipped_bytes, layers)
        record = created(request, name=name, package=package, layers=layers, change=self._new_change())

        async def write(tx: Transaction) -> None:
            if await records.get_function(tx, function) is not None:
                raise _already_exists(function)
            records.put_function(tx, function, record)
            if request.code_signing_config_arn is not None:
                await self._give_signing_config(tx, context, function, request.code_signing_config_arn)
            if request.publish:
                await self._publish(tx, function, record)

        await self._store.run(write)
        answer = being_created(latest_of(function, record), revision_id=self._ids.uuid())
        # Recording lambda_api, test_publish_version_on_create: of the version, under the ARN of the function.
        return msgspec.structs.replace(answer, version=str(record.last_version + 1)) if request.publish else answer

    async def delete_function(self, context: RequestContext, request: DeleteFunctionRequest) -> DeleteFunctionResponse:
        function = function_name(context, request.function_name, request.qualifier)
        _check_can_be_deleted(function)

        async def delete(tx: Transaction) -> list[str]:
            if await records.get_function(tx, function) is None:
                raise FunctionNotFound(function.arn)
            number = function.version
            if number is not None:
                await _check_no_alias(tx, function)
                records.delete_version(tx, function, number)
                settings_store.forget_qualifier(tx, function)
                return [function.qualified_arn]
            versions = await records.list_versions(tx, function)
            for _, url in await settings_store.list_settings(tx, function, UrlRecord):
                settings_store.delete_url_place(tx, url.url_id)
            records.delete_function(tx, function)
            return [function.arn, *(f"{function.arn}:{version.number}" for version in versions)]

        for retired in await self._store.run(delete):
            await self._pool.retire(retired)
        self._provisions_changed()
        return DeleteFunctionResponse(status_code=204)

    async def get_function(self, context: RequestContext, request: GetFunctionRequest) -> GetFunctionResponse:
        function = function_name(context, request.function_name, request.qualifier)
        target = await self._resolve(function)
        tags = target.record.tags
        if target.published is not None:
            tags = (await self._require(function.qualified_by(None))).tags
        reserved = await settings_store.get_setting(
            self._store.snapshot(), function.qualified_by(None), ConcurrencyRecord
        )
        return GetFunctionResponse(
            configuration=described(target),
            code=self._location(context, target.record),
            tags=tags or None,
            concurrency=None if reserved is None else Concurrency(reserved_concurrent_executions=reserved.reserved),
        )

    async def get_function_configuration(
        self, context: RequestContext, request: GetFunctionConfigurationRequest
    ) -> FunctionConfiguration:
        function = function_name(context, request.function_name, request.qualifier)
        return described(await self._resolve(function))

    async def update_function_code(
        self, context: RequestContext, request: UpdateFunctionCodeRequest
    ) -> FunctionConfiguration:
        function = function_name(context, request.function_name)
        check_recoding(request)
        known = await self._require(function)
        check_revision(known, request.revision_id, "GetFunction/GetAlias")
        check_recoding_kind(known, request)
        if known.image is not None:
            architectures = request.architectures or known.architectures
            package = await self._image(context, request.image_uri or "", architectures)
        else:
            package = await self._package(context, request)

        def change(record: FunctionRecord) -> FunctionRecord:
            check_recoding_kind(record, request)
            check_unzipped(package.unzipped_bytes, record.layers)
            return recoded(record, request, package=package, change=self._new_change())

        if request.dry_run:
            return described(latest_of(function, change(await self._require(function))))

        async def write(tx: Transaction) -> FunctionConfiguration:
            record = await records.require_function(tx, function.only_latest())
            check_revision(record, request.revision_id, "GetFunction/GetAlias")
            await self._check_signature(tx, context, function)
            changed = change(record)
            records.put_function(tx, function, changed)
            if request.publish:
                version = await self._publish(tx, function, changed)
                return being_created(version_of(function, version), revision_id=self._ids.uuid())
            return being_updated(latest_of(function, changed), revision_id=self._ids.uuid())

        return await self._store.run(write)

    async def update_function_configuration(
        self, context: RequestContext, request: UpdateFunctionConfigurationRequest
    ) -> FunctionConfiguration:
        function = function_name(context, request.function_name)
        check_configuration(request)
        dead_letters = dead_letters_of(request)
        if request.role is not None or dead_letters:
            known = await self._require(function)
            if request.role is not None:
                await self._check_role(function, request.role)
            if dead_letters := (known.dead_letter_arn if dead_letters is None else dead_letters):
                await self._destinations.check_dead_letters(
                    dead_letters, role_arn=request.role or known.role, region=function.region
                )

        layers = None if request.layers is None else await self._layers(function, request.layers)

        def change(record: FunctionRecord) -> FunctionRecord:
            check_unzipped(record.unzipped_bytes, layers or ())
            return reconfigured(record, request, layers=layers, change=self._new_change())

        record = await self._change(function, change, revision_id=request.revision_id)
        return being_updated(latest_of(function, record), revision_id=self._ids.uuid())

    async def _give_signing_config(
        self, tx: Transaction, context: RequestContext, function: FunctionName, arn: str
    ) -> None:
        try:
            config = await get_signing_config(tx, signing_config_of(context, arn))
        except ResourceNotFoundException:
            raise CodeSigningConfigNotFoundException(
                "The code signing configuration cannot be found. "
                f"Check that the provided configuration is not deleted: {arn}."
            ) from None
        if config.policy == "Enforce":
            raise CodeVerificationFailedException
        settings_store.put_setting(tx, function, SigningRecord(config_arn=arn))

    async def _check_signature(self, tx: Transaction, context: RequestContext, function: FunctionName) -> None:
        """Code is never signed here, so a function that asks for signed code can get none."""
        setting = await settings_store.get_setting(tx, function, SigningRecord)
        if setting is None:
            return
        config = await get_signing_config(tx, signing_config_of(context, setting.config_arn))
        if config.policy == "Enforce":
            raise CodeVerificationFailedException

    def _location(self, context: RequestContext, record: FunctionRecord) -> FunctionCodeLocation:
        if record.folder:
            return FunctionCodeLocation(repository_type="Folder", location=record.folder)
        if record.image is not None:
            return FunctionCodeLocation(
                repository_type="ECR", image_uri=record.image.uri, resolved_image_uri=record.image.resolved_uri
            )
        return FunctionCodeLocation(
            repository_type="S3", location=self.code_handler.location(context, record.code_sha256)
        )

    async def _layers(self, function: FunctionName, arns: Sequence[str]) -> list[LayerUse]:
        """The layers that a request names; whether the caller may have them was asked before."""
        found = []
        for layer in wanted_layers(arns, region=function.region):
            version = await get_layer_version(self._store.snapshot(), layer)
            if version is None:
                raise InvalidParameterValueException(f"Layer version {layer.version_arn} does not exist.")
            found.append(
                LayerUse(
                    arn=layer.version_arn,
                    code_sha256=version.code_sha256,
                    code_size_bytes=version.code_size_bytes,
                    unzipped_bytes=version.unzipped_bytes,
                )
            )
        return found

    async def _check_absent(self, function: FunctionName) -> None:
        if await records.get_function(self._store.snapshot(), function) is not None:
            raise _already_exists(function)


def _already_exists(function: FunctionName) -> ResourceConflictException:
    return ResourceConflictException(f"Function already exist: {function.name}")


async def _check_no_alias(tx: Transaction, function: FunctionName) -> None:
    """Or ResourceConflictException. Source: go-lambda-cleanup, issue 45, and others that quote AWS's words."""
    assert function.qualifier is not None
    names = [alias.name for alias in await records.list_aliases(tx, function) if alias.points_at(function.qualifier)]
    if names:
        raise ResourceConflictException(
            f"Unable to delete version because the following aliases reference it: [{', '.join(names)}]"
        )


def _check_can_be_deleted(function: FunctionName) -> None:
    """That a whole function is meant, or a version.

    Recordings lambda_api, test_ops_with_arn_qualifier_mismatch, test_function_name_and_qualifier_validation.
    """
    qualifier = function.qualifier
    if qualifier is None:
        return
    if qualifier == LATEST:
        raise InvalidParameterValueException("$LATEST version cannot be deleted without deleting the function.")
    if "$" in qualifier:
        raise FunctionNotFound(function.arn)
    if not qualifier.isdigit():
        raise InvalidParameterValueException("Deletion of aliases is not currently supported.")
    if function.version is None:
        raise FunctionNotFound(function.arn)
