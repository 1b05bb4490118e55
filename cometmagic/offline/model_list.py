"""The models that the offline service answers for, as a Gemini client lists them and as an OpenAI client does."""

from __future__ import annotations

from typing import Any

from cometmagic.offline.error_responses import ServiceError, build_comet_error, build_google_error
from cometmagic.options import models
from cometmagic.options.model_lifecycle import is_refused

DEFAULT_PAGE_SIZE = 50  # of Google's list
_PAGE_PREFIX = "page-"
_NOT_FOUND = (
    "models/{name} is not found for API version v1beta, or is not supported for generateContent. "
    "Call ListModels to see the list of available models and their supported methods."
)


def find_model(name: str, seed: bytes) -> models.Model:
    """Return a model. Raises `ServiceError` for one that the service does not answer for; `seed` makes its id."""
    model = models.find_model(name)
    if model is None or is_refused(name):
        message = f"no available channel for group default and model {name} (distributor)"
        raise build_comet_error(message, 503, "model_not_found", seed)
    return model


def describe(name: str = "", *, is_gemini: bool, page_size: str = "", page_token: str = "") -> dict[str, Any]:
    """Return the description of one model, or without a name a page of all, as Google's clients ask for it.

    Raises `ServiceError`.
    """
    served_models = _list_models()
    if not name:
        descriptions = [_describe_model(name, model, is_gemini) for name, model in served_models.items()]
        return (
            _build_page(descriptions, page_size, page_token) if is_gemini else {"object": "list", "data": descriptions}
        )
    if name not in served_models:
        raise build_google_error(_NOT_FOUND.format(name=name), 404) if is_gemini else _build_openai_error(name)
    return _describe_model(name, served_models[name], is_gemini)


def _build_page(descriptions: list[dict[str, Any]], page_size: str, page_token: str) -> dict[str, Any]:
    try:
        size, start = int(page_size or 0), int(page_token.removeprefix(_PAGE_PREFIX) or 0)
    except ValueError:
        size = start = -1
    is_token = not page_token or page_token.startswith(_PAGE_PREFIX)
    if size < 0 or not 0 <= start < len(descriptions) or not is_token:
        raise build_google_error("The page size or the page token is invalid.", 400)
    end = start + (size or DEFAULT_PAGE_SIZE)
    next_page = {"nextPageToken": f"{_PAGE_PREFIX}{end}"} if end < len(descriptions) else {}
    return {"models": descriptions[start:end]} | next_page


def _describe_model(name: str, model: models.Model, is_gemini: bool) -> dict[str, Any]:
    if not is_gemini:
        return {"id": name, "object": "model", "owned_by": "google"}
    return {
        "name": f"models/{name}",
        "version": "001",
        "displayName": model.title,
        "supportedGenerationMethods": ["generateContent", "streamGenerateContent", "countTokens"],
    }


def _build_openai_error(name: str) -> ServiceError:
    message = f"The model '{name}' does not exist"
    error = {"message": message, "type": "invalid_request_error", "param": "model", "code": "model_not_found"}
    return ServiceError(404, {"error": error})


def _list_models() -> dict[str, models.Model]:
    return {name: model for model in models.MODELS for name in model.names if not is_refused(name)}
