"""What does a request ask of a function with a container image?

The package type of a function never changes. Source: Lambda Developer Guide, "Create a Lambda function using a
container image".
"""

import msgspec

from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.lambda_.errors import InvalidParameterValueException
from pileus.services.lambda_.model import FunctionRecord, ImageUse
from pileus.services.lambda_.shapes import (
    CreateFunctionRequest,
    ImageConfig,
    UpdateFunctionCodeRequest,
    UpdateFunctionConfigurationRequest,
)


def check_image_creation(request: CreateFunctionRequest) -> None:
    """The first text is AWS's (pulumi/pulumi-aws, issue 5439), the others are like it."""
    if request.runtime or request.handler or request.layers:
        raise InvalidParameterValueException(
            "Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image."
        )
    if not request.code.image_uri:
        raise InvalidParameterValueException("Please provide ImageUri when creating a function with packageType Image.")
    if request.snap_start is not None and request.snap_start.apply_on == "PublishedVersions":
        raise NotImplementedByPileus("SnapStart of container images is not implemented")
    if request.code_signing_config_arn is not None:
        raise InvalidParameterValueException(
            "Code signing is not supported for functions created with container images."
        )


def check_reconfiguration(record: FunctionRecord, request: UpdateFunctionConfigurationRequest) -> None:
    """That of layers is AWS's text (DataDog/terraform-aws-lambda-datadog, issue 2), the others are like it."""
    if record.image is None:
        if request.image_config is not None:
            raise InvalidParameterValueException("ImageConfig is not supported for functions created with packages.")
        return
    if request.layers:
        raise InvalidParameterValueException(
            "Lambda layers are not supported for functions created with container images."
        )
    if request.runtime or request.handler:
        raise InvalidParameterValueException(
            "Runtime and Handler are not supported for functions created with container images."
        )


def image_of(uri: str, resolved_uri: str, config: ImageConfig | None) -> ImageUse | None:
    """What a new function has; None where there is no URI."""
    return overridden(ImageUse(uri=uri, resolved_uri=resolved_uri), config) if uri else None


def overridden(image: ImageUse, config: ImageConfig | None) -> ImageUse:
    """A new ImageConfig replaces the former one, an empty one takes it away. Recording lambda_api, TestLambdaImages."""
    if config is None:
        return image
    return msgspec.structs.replace(
        image,
        entry_point=list(config.entry_point or ()) or None,
        command=list(config.command or ()) or None,
        working_directory=config.working_directory or None,
    )


def check_recoding_kind(record: FunctionRecord, request: UpdateFunctionCodeRequest) -> None:
    """Recordings lambda_api, test_lambda_image_crud, test_lambda_zip_file_to_image."""
    if record.image is None and request.image_uri:
        raise InvalidParameterValueException(
            "Please don't provide ImageUri when updating a function with packageType Zip."
        )
    if record.image is not None and not request.image_uri:
        raise InvalidParameterValueException("Please provide ImageUri when updating a function with packageType Image.")
