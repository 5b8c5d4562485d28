"""Which errors can Lambda answer?"""

from pileus.kernel.errors import ServiceError


class ResourceNotFoundException(ServiceError):
    """The function, its policy or a statement does not exist."""

    code = "ResourceNotFoundException"


class RecursiveInvocationException(ServiceError):
    """The function invokes itself, by whatever way, again and again."""

    code = "RecursiveInvocationException"
    status = 400

    def __init__(self) -> None:
        super().__init__(
            "Lambda has detected your function being invoked in a recursive loop with other AWS resources and stopped "
            "your function's invocation."
        )


class FunctionNotFound(ResourceNotFoundException):
    """No such function, or no such version of it; `arn` as AWS prints it, with the qualifier that was asked for."""

    def __init__(self, arn: str) -> None:
        super().__init__(f"Function not found: {arn}")


class ResourceConflictException(ServiceError):
    """The function or the statement exists already."""

    code = "ResourceConflictException"


class CodeSigningConfigNotFoundException(ServiceError):
    """The code signing configuration does not exist."""

    code = "CodeSigningConfigNotFoundException"


class CodeVerificationFailedException(ServiceError):
    """Code without a signature, where one is asked for. There is no AWS Signer here, hence no code has one."""

    code = "CodeVerificationFailedException"

    def __init__(self) -> None:
        super().__init__(
            "The code signature failed one or more of the validation checks for signature mismatch or expiry, and the "
            "code signing policy is set to ENFORCE. Lambda blocks the deployment."
        )


class ProvisionedConcurrencyConfigNotFoundException(ServiceError):
    """The version or alias has no provisioned concurrency."""

    code = "ProvisionedConcurrencyConfigNotFoundException"


class InvalidParameterValueException(ServiceError):
    """A parameter is wrong in a way that the model does not express."""

    code = "InvalidParameterValueException"


class ValidationException(ServiceError):
    """A bound of the model; sent without being modelled (recording lambda_api, test_update_lambda_exceptions)."""

    code = "ValidationException"
    status = 400

    @classmethod
    def above(cls, member: str, *, value: int, most: int) -> "ValidationException":
        """`member` is larger than an ordinary function may have."""
        return cls(
            f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: "
            f"Member must have value less than or equal to {most}"
        )


class PreconditionFailedException(ServiceError):
    """The caller's RevisionId is outdated."""

    code = "PreconditionFailedException"


class PolicyLengthExceededException(ServiceError):
    """The resource policy has no room for the statement."""

    code = "PolicyLengthExceededException"


class AccessDeniedException(ServiceError):
    """Not modelled; recording lambda_api, test_function_arns (`function_arn_other_account_exc`)."""

    code = "AccessDeniedException"
    status = 403


class InvalidSignatureException(ServiceError):
    """A signature for something else; not modelled (General Reference, "Troubleshoot Signature Version 4 signing")."""

    code = "InvalidSignatureException"
    status = 403


class CrossAccountRole(AccessDeniedException):
    """A function runs as a role of its own account only. Source: Lambda's answers that people report (serverless
    framework, issue 3374; AWS toolkit for Azure DevOps, issue 546)."""

    def __init__(self) -> None:
        super().__init__("Cross-account pass role is not allowed.")


class RequestEntityTooLargeException(ServiceError):
    """Not modelled; recording lambda_api, test_oversized_zipped_create_lambda."""

    code = "RequestEntityTooLargeException"
    status = 413


class RequestTooLargeException(ServiceError):
    """The payload of an asynchronous invocation is too large."""

    code = "RequestTooLargeException"


class InvalidRequestContentException(ServiceError):
    """The payload is not JSON."""

    code = "InvalidRequestContentException"


class TooManyRequestsException(ServiceError):
    """There is no room for another invocation."""

    code = "TooManyRequestsException"

    def __init__(self, reason: str = "ConcurrentInvocationLimitExceeded") -> None:
        """reason: AWS's word for whose limit it is. No Retry-After comes with it: recording lambda,
        TestLambdaConcurrency.
        """
        super().__init__("Rate Exceeded.", members={"Reason": reason})


class SnapStartNotReadyException(ServiceError):
    """The version's snapshot has not been taken yet. Source: guide, "Troubleshooting SnapStart errors"."""

    code = "SnapStartNotReadyException"

    def __init__(self) -> None:
        super().__init__(
            "Lambda is initializing your function. It will be ready to invoke once your function state becomes ACTIVE."
        )


class SnapStartException(ServiceError):
    """A hook that runs after a restore failed; the function's log says how."""

    code = "SnapStartException"

    def __init__(self) -> None:
        super().__init__(
            "The afterRestore() runtime hook encountered an error. For more information, check the Amazon CloudWatch "
            "logs."
        )


class SnapStartTimeoutException(ServiceError):
    """Hooks that run after a restore took more than ten seconds. Source: guide, "Troubleshooting SnapStart errors"."""

    code = "SnapStartTimeoutException"

    def __init__(self) -> None:
        super().__init__("Lambda couldn't restore the snapshot within the timeout limit.")


class ServiceException(ServiceError):
    """This host could not start an execution environment."""

    code = "ServiceException"


class Stopped(ServiceException):
    """Pileus is stopping, or is being reset, and has ended the invocation; whoever asks again is served."""

    def __init__(self) -> None:
        super().__init__("The invocation was ended because the service is stopping.")
