"""How does the `ec2` protocol work? As `query`, with names of its own, lists always flattened, and a plainer answer.

Source: Smithy specification, "AWS EC2 query protocol".
"""

from typing import Any, Final

from pileus.kernel.errors import ServiceError
from pileus.kernel.http.messages import Response
from pileus.kernel.wire.codec import Codec, Converter, error_shape, status_of
from pileus.kernel.wire.dialect import Dialect
from pileus.kernel.wire.model import Ref, ServiceModel
from pileus.kernel.wire.query import FormReader, QueryProtocol, answer_of, form_parser
from pileus.kernel.wire.subject import Subject
from pileus.kernel.wire.xml_text import XmlWriter, element

_XML: Final = ("Content-Type", "text/xml;charset=UTF-8")


class Ec2FormReader(FormReader):
    """Reads a form whose names are capitalised and whose lists are numbered at once."""

    lists_wrapped = False

    def name_of(self, name: str, ref: Ref) -> str:
        if ref.query_name:
            return ref.query_name
        given = ref.location_name or name
        return given[:1].upper() + given[1:]


class Ec2Protocol(QueryProtocol):
    """EC2's own forms in, XML out."""

    def compile(self, subject: Subject) -> Codec:
        converter = Converter(subject, unreadable="InvalidParameterValue", invalid="InvalidParameterValue")
        ref = subject.operation.output
        inside = XmlWriter(subject.model).inside
        name = f"{subject.operation.name}Response"
        opening = f"<{name}{_namespace(subject.model)}>"

        def write(tree: dict[str, Any], request_id: str) -> str:
            told = inside(ref.shape, tree) if ref is not None else ""
            return f"{opening}{element('requestId', request_id)}{told}</{name}>"

        return Codec(form_parser(subject, Ec2FormReader(subject.model), converter), answer_of(write, _XML))

    def fail(self, model: ServiceModel | None, dialect: Dialect, error: ServiceError, request_id: str) -> Response:
        status = status_of(error_shape(model, error.error_code), error)
        told = element("Code", error.error_code) + element("Message", error.message)
        body = f"<Response><Errors><Error>{told}</Error></Errors>{element('RequestID', request_id)}</Response>"
        return Response(status, (_XML, ("x-amzn-RequestId", request_id)), body.encode(errors="replace"))


def _namespace(model: ServiceModel) -> str:
    """The `xmlns` of answers, whose URI has a slash at its end that the model lacks (EC2 User Guide, "The response
    structure")."""
    uri = model.metadata.xml_namespace
    return f' xmlns="{uri.rstrip("/")}/"' if uri else ""
