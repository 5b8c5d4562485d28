"""Why can an image not be used, in AWS's words?

AWS refuses what it sees in the manifest when a function is created, and fails the function afterwards when a layer is
the trouble. Here both are seen before the answer.
Sources: answers of Lambda that people report: aws-samples/bedrock-access-gateway, issue 205 (not valid); hashicorp/
terraform, issue 27963 (does not exist); aws/aws-lambda-roadmap, issue 82 (media type); bazel-contrib/rules_oci, issue
777 (layers).
"""

from pileus.services.lambda_.errors import InvalidParameterValueException


class ImageRefused(InvalidParameterValueException):
    """A function cannot have this image."""


class InvalidImageUri(ImageRefused):
    """No ECR image in the function's region: without tag or digest it is none, either."""

    def __init__(self, uri: str) -> None:
        super().__init__(f"Source image {uri} is not valid. Provide a valid source image.")


class ImageMissing(ImageRefused):
    """There is no such repository, tag or digest."""

    def __init__(self, uri: str) -> None:
        super().__init__(f"Source image {uri} does not exist. Provide a valid source image.")


class MediaTypeUnsupported(ImageRefused):
    """The image, or a part of it, is nothing that can be run here."""

    def __init__(self, uri: str) -> None:
        super().__init__(f"The image manifest, config or layer media type for the source image {uri} is not supported.")


class LayerRefused(ImageRefused):
    """A layer is damaged or hostile. digest: which one. why: in our words."""

    def __init__(self, digest: str, why: str) -> None:
        super().__init__(
            f"InvalidImage: ImageLayerFailure: UnsupportedImageLayerDetected - Layer Digest {digest} ({why})"
        )


class ImageTooLarge(ImageRefused):
    """More than a function's image may hold; in our words."""

    def __init__(self, bytes_max: int) -> None:
        super().__init__(f"InvalidImage: the uncompressed image is larger than {bytes_max} bytes.")


class SourceFailed(ImageRefused):
    """The registry or the archive could not be read; in our words."""

    def __init__(self, uri: str, why: str) -> None:
        super().__init__(f"Source image {uri} cannot be read: {why}")
