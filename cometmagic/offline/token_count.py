"""The answer to `countTokens`: what a prompt would count, without an answer to it."""

from __future__ import annotations

from typing import Any

from cometmagic.offline import contents, error_responses, model_list, response_parts, schema

_MESSAGE = "CountTokensRequest"


def count_tokens(model_name: str, body: bytes) -> dict[str, Any]:
    """Return the token counts of the contents in `body`. Raises `ServiceError` for what the service does not accept."""
    model = model_list.find_model(model_name.removeprefix("models/"), body)
    request = schema.parse_request(body, _MESSAGE)
    request = request.get("generate_content_request", request)
    if violations := list(contents.find_violations(request)):
        raise error_responses.build_violation_error(_MESSAGE, violations)
    return response_parts.build_prompt_usage(model, contents.summarize(request))
