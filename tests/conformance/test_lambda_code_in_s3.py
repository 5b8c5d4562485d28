"""Functions and layers whose code lies in S3. Recording lambda/lambda, test_lambda_code_location_s3_errors."""

import io
import json
import zipfile
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Server


def _zip(text: str, name: str = "app.py") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, text)
    return packed.getvalue()


def _saying(what: str) -> bytes:
    return _zip(f"def handler(event, context):\n    return {what!r}\n")


def _role(aws: Server) -> str:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    iam = aws.client("iam")
    try:
        arn: str = iam.create_role(RoleName="code-in-s3", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    except iam.exceptions.EntityAlreadyExistsException:
        arn = iam.get_role(RoleName="code-in-s3")["Role"]["Arn"]
    return arn


def _create(aws: Server, name: str, **code: str) -> Any:
    return aws.client("lambda").create_function(
        FunctionName=name, Runtime="python3.12", Role=_role(aws), Handler="app.handler", Code=code
    )


def _answer(aws: Server, name: str) -> Any:
    return json.load(aws.client("lambda").invoke(FunctionName=name)["Payload"])


def test_code_comes_from_an_object_and_its_versions(aws: Server) -> None:
    """What SAM and CDK do with every function; an older version of the object is older code."""
    s3, lambda_ = aws.client("s3"), aws.client("lambda")
    s3.create_bucket(Bucket="code-versions")
    s3.put_bucket_versioning(Bucket="code-versions", VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket="code-versions", Key="app.zip", Body=_saying("one"))["VersionId"]
    s3.put_object(Bucket="code-versions", Key="app.zip", Body=_saying("two"))
    _create(aws, "from-s3", S3Bucket="code-versions", S3Key="app.zip")
    assert _answer(aws, "from-s3") == "two"
    lambda_.update_function_code(
        FunctionName="from-s3", S3Bucket="code-versions", S3Key="app.zip", S3ObjectVersion=first
    )
    assert _answer(aws, "from-s3") == "one"


def test_a_package_that_is_no_small_object(aws: Server) -> None:
    """It lies in a file of its own, and is read whole."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="code-large")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("app.py", "import os\ndef handler(event, context):\n    return os.stat('ballast').st_size\n")
        archive.writestr("ballast", bytes(3_000_000))
    s3.put_object(Bucket="code-large", Key="app.zip", Body=packed.getvalue())
    _create(aws, "from-large-s3", S3Bucket="code-large", S3Key="app.zip")
    assert _answer(aws, "from-large-s3") == 3_000_000


def test_a_layer_comes_from_an_object(aws: Server) -> None:
    """API_PublishLayerVersion, LayerVersionContentInput."""
    s3, lambda_ = aws.client("s3"), aws.client("lambda")
    s3.create_bucket(Bucket="code-layers")
    s3.put_object(Bucket="code-layers", Key="layer.zip", Body=_zip("WORD = 'layered'\n", "python/shelf.py"))
    s3.put_object(
        Bucket="code-layers",
        Key="app.zip",
        Body=_zip("import shelf\ndef handler(event, context):\n    return shelf.WORD\n"),
    )
    layer = lambda_.publish_layer_version(
        LayerName="from-s3", Content={"S3Bucket": "code-layers", "S3Key": "layer.zip"}
    )["LayerVersionArn"]
    _create(aws, "layered-from-s3", S3Bucket="code-layers", S3Key="app.zip")
    lambda_.update_function_configuration(FunctionName="layered-from-s3", Layers=[layer])
    assert _answer(aws, "layered-from-s3") == "layered"


@pytest.mark.parametrize(
    ("bucket", "key", "code", "message"),
    [
        ("code-absent", "app.zip", "NoSuchBucket", "The specified bucket does not exist"),
        ("code-there", "absent.zip", "NoSuchKey", "The specified key does not exist."),
    ],
)
def test_what_is_not_there_is_told_in_the_words_of_s3(
    aws: Server, bucket: str, key: str, code: str, message: str
) -> None:
    """As recorded."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="code-there")
    with pytest.raises(ClientError) as refused:
        _create(aws, "from-nowhere", S3Bucket=bucket, S3Key=key)
    assert refused.value.response["Error"] == {
        "Code": "InvalidParameterValueException",
        "Message": f"Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {message}",
    }


def test_code_is_read_by_whoever_asks_for_it(aws: Server) -> None:
    """A user who may create functions, and may not read the bucket, gets nothing of it into a function."""
    s3, iam = aws.client("s3"), aws.client("iam")
    s3.create_bucket(Bucket="code-secret")
    s3.put_object(Bucket="code-secret", Key="app.zip", Body=_saying("secret"))
    iam.create_user(UserName="code-reader")
    allowed = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": ["lambda:*", "iam:PassRole"], "Resource": "*"}],
    }
    iam.put_user_policy(UserName="code-reader", PolicyName="p", PolicyDocument=json.dumps(allowed))
    key = iam.create_access_key(UserName="code-reader")["AccessKey"]
    lambda_ = aws.client("lambda", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
    with pytest.raises(ClientError, match="S3 Error Code: AccessDenied"):
        lambda_.create_function(
            FunctionName="stolen",
            Runtime="python3.12",
            Role=_role(aws),
            Handler="app.handler",
            Code={"S3Bucket": "code-secret", "S3Key": "app.zip"},
        )
    allowed["Statement"].append({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::code-secret/*"})  # type: ignore[attr-defined]
    iam.put_user_policy(UserName="code-reader", PolicyName="p", PolicyDocument=json.dumps(allowed))
    lambda_.create_function(
        FunctionName="allowed",
        Runtime="python3.12",
        Role=_role(aws),
        Handler="app.handler",
        Code={"S3Bucket": "code-secret", "S3Key": "app.zip"},
    )
    assert _answer(aws, "allowed") == "secret"
