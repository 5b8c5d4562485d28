"""Deployments: what an API was like at a moment, for stages to serve."""

from pileus.kernel.context import RequestContext
from pileus.services.apigatewayv2 import answers, shapes
from pileus.services.apigatewayv2.deploying import create_deployment, set_stage
from pileus.services.apigatewayv2.errors import BadRequestException
from pileus.services.apigatewayv2.operations.base import ApiGatewayV2Base, next_token, output, page
from pileus.services.apigatewayv2.store import DEPLOYMENT, STAGE, Writing


class DeploymentOperations(ApiGatewayV2Base):
    """One method per operation."""

    async def create_deployment(
        self, context: RequestContext, request: shapes.CreateDeploymentRequest
    ) -> shapes.CreateDeploymentResponse:
        async def work(apis: Writing) -> shapes.Deployment:
            api = await apis.api(request.api_id)
            stage = None
            if request.stage_name is not None:
                stage = await apis.get(STAGE, request.api_id, request.stage_name)
                if stage.auto_deploy:
                    raise BadRequestException(
                        f"Deployment ID cannot be set on stage {stage.stage_name} since AutoDeploy is enabled"
                    )
            now = self._now()
            record = await create_deployment(apis, api, ids=self._ids, now=now, description=request.description)
            if stage is not None:
                await set_stage(apis, api, stage, record, now=now)
                await apis.publish(api.api_id, served=not api.disable_execute_api_endpoint)
            return answers.deployment(record)

        return output(shapes.CreateDeploymentResponse, await self._write(context, work))

    async def delete_deployment(self, context: RequestContext, request: shapes.DeleteDeploymentRequest) -> None:
        async def work(apis: Writing) -> None:
            await apis.api(request.api_id)
            await apis.get(DEPLOYMENT, request.api_id, request.deployment_id)
            for stage in await apis.all(STAGE, request.api_id):
                if stage.deployment_id == request.deployment_id:
                    raise BadRequestException("Active stages pointing to this deployment must be moved or deleted")
            apis.remove(DEPLOYMENT, request.api_id, request.deployment_id)

        await self._write(context, work)

    async def get_deployment(
        self, context: RequestContext, request: shapes.GetDeploymentRequest
    ) -> shapes.GetDeploymentResponse:
        reading = self._reading(context)
        await reading.api(request.api_id)
        record = await reading.get(DEPLOYMENT, request.api_id, request.deployment_id)
        return output(shapes.GetDeploymentResponse, answers.deployment(record))

    async def get_deployments(
        self, context: RequestContext, request: shapes.GetDeploymentsRequest
    ) -> shapes.GetDeploymentsResponse:
        start, limit = page(request.max_results, request.next_token)
        reading = self._reading(context)
        await reading.api(request.api_id)
        found = await reading.all(DEPLOYMENT, request.api_id, after_id=start, limit=limit + 1)
        return shapes.GetDeploymentsResponse(
            items=[answers.deployment(record) for record in found[:limit]],
            next_token=next_token(found, limit, lambda: found[limit - 1].deployment_id),
        )
