"""Stages: under which name, and with which variables, a deployment is served."""

from msgspec.structs import replace

from pileus.kernel.context import RequestContext
from pileus.services.apigatewayv2 import answers, shapes, unsupported
from pileus.services.apigatewayv2.deploying import set_stage
from pileus.services.apigatewayv2.errors import BadRequestException, ConflictException
from pileus.services.apigatewayv2.model import (
    StageRecord,
    check_stage_name,
    check_stage_variables,
)
from pileus.services.apigatewayv2.operations.base import ApiGatewayV2Base, next_token, output, page
from pileus.services.apigatewayv2.store import DEPLOYMENT, STAGE, Writing


class StageOperations(ApiGatewayV2Base):
    """One method per operation."""

    async def create_stage(
        self, context: RequestContext, request: shapes.CreateStageRequest
    ) -> shapes.CreateStageResponse:
        unsupported.check_stage(request)
        check_stage_name(request.stage_name)
        check_stage_variables(request.stage_variables or {})
        if request.auto_deploy and request.deployment_id is not None:
            raise BadRequestException("DeploymentId cannot be set when AutoDeploy is enabled")

        async def work(apis: Writing) -> None:
            if await apis.find(STAGE, request.api_id, request.stage_name) is not None:
                raise ConflictException("Stage already exists")
            now = self._now()
            if request.deployment_id is not None:
                await apis.get(DEPLOYMENT, request.api_id, request.deployment_id)
            record = StageRecord(
                stage_name=request.stage_name,
                created_at=now,
                updated_at=now,
                auto_deploy=bool(request.auto_deploy),
                deployment_id=request.deployment_id,
                description=request.description,
                variables=request.stage_variables or {},
                tags=request.tags or {},
            )
            apis.put(STAGE, request.api_id, record.stage_name, record)

        await self._change(context, request.api_id, work)
        stage = await self._reading(context).get(STAGE, request.api_id, request.stage_name)
        return output(shapes.CreateStageResponse, answers.stage(stage))

    async def delete_stage(self, context: RequestContext, request: shapes.DeleteStageRequest) -> None:
        async def work(apis: Writing) -> None:
            await apis.get(STAGE, request.api_id, request.stage_name)
            apis.remove(STAGE, request.api_id, request.stage_name)

        await self._change(context, request.api_id, work)

    async def get_stage(self, context: RequestContext, request: shapes.GetStageRequest) -> shapes.GetStageResponse:
        reading = self._reading(context)
        await reading.api(request.api_id)
        record = await reading.get(STAGE, request.api_id, request.stage_name)
        return output(shapes.GetStageResponse, answers.stage(record))

    async def get_stages(self, context: RequestContext, request: shapes.GetStagesRequest) -> shapes.GetStagesResponse:
        start, limit = page(request.max_results, request.next_token)
        reading = self._reading(context)
        await reading.api(request.api_id)
        found = await reading.all(STAGE, request.api_id, after_id=start, limit=limit + 1)
        return shapes.GetStagesResponse(
            items=[answers.stage(record) for record in found[:limit]],
            next_token=next_token(found, limit, lambda: found[limit - 1].stage_name),
        )

    async def update_stage(
        self, context: RequestContext, request: shapes.UpdateStageRequest
    ) -> shapes.UpdateStageResponse:
        unsupported.check_stage(request)
        check_stage_variables(request.stage_variables or {})

        async def work(apis: Writing) -> None:
            api = await apis.api(request.api_id)
            record = await apis.get(STAGE, request.api_id, request.stage_name)
            now = self._now()
            record = replace(
                record,
                auto_deploy=record.auto_deploy if request.auto_deploy is None else request.auto_deploy,
                description=record.description if request.description is None else request.description,
                variables=record.variables if request.stage_variables is None else request.stage_variables,
                updated_at=now,
            )
            apis.put(STAGE, request.api_id, record.stage_name, record)
            if request.deployment_id is not None:
                if record.auto_deploy:
                    raise BadRequestException("DeploymentId cannot be set when AutoDeploy is enabled")
                deployment = await apis.get(DEPLOYMENT, request.api_id, request.deployment_id)
                await set_stage(apis, api, record, deployment, now=now)

        await self._change(context, request.api_id, work)
        stage = await self._reading(context).get(STAGE, request.api_id, request.stage_name)
        return output(shapes.UpdateStageResponse, answers.stage(stage))
