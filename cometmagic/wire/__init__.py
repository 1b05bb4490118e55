"""JSON to request and response: the only place that knows the Gemini API's field names.

`encode` writes a request, `decode` reads an answer (also from its call folder), `explain` turns an
error body into one error. Nothing here opens a connection or shows anything.
"""

from cometmagic.wire.blob import Blob
from cometmagic.wire.carve import MalformedError
from cometmagic.wire.decode import Answer, EncodedImage, decode, decode_request, model_turn, read
from cometmagic.wire.encode import (
    body_chunks,
    body_length,
    encode,
    reference_name,
    request_hash,
    request_length,
    signature_name,
    skeleton,
)
from cometmagic.wire.explain import explain, explain_object, page_title
from cometmagic.wire.splice import spliced
from cometmagic.wire.unsigned import unsigned
from cometmagic.wire.utf8 import mapped

__all__ = [
    "Answer",
    "Blob",
    "EncodedImage",
    "MalformedError",
    "body_chunks",
    "body_length",
    "decode",
    "decode_request",
    "encode",
    "explain",
    "explain_object",
    "mapped",
    "model_turn",
    "page_title",
    "read",
    "reference_name",
    "request_hash",
    "request_length",
    "signature_name",
    "skeleton",
    "spliced",
    "unsigned",
]
