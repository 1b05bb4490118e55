"""CometAPI's public catalogue of models: the image models in it, with the ratio of their price to the list price.

It is read without a key and kept for a day in the user's state folder. Nothing depends on it, and nothing in it is
trusted: what does not look like an image model of the Gemini family is left out.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cometmagic.errors import ChargeStatus, CometError
from cometmagic.options.base_url import read_base_url
from cometmagic.options.models import find_model
from cometmagic.system.atomic_files import write_atomic
from cometmagic.system.bounded_json import parse_object
from cometmagic.system.regular_files import check_private_folder, create_private_folder, read_regular
from cometmagic.system.sanitize import clean_line
from cometmagic.system.state_folder import find_state_folder

CATALOGUE_PATH = "/api/models"
FILE_NAME = "catalogue.json"
MAX_AGE = timedelta(days=1)
MAX_BYTES, MAX_VALUES = 4_000_000, 200_000  # of the document; 500 models have about 500 kB and 15,000 values
MAX_MODELS = 50
MAX_RATIO = 1000
_ID_PATTERN = re.compile(r"[\w.:/-]{1,100}", re.ASCII)
_IMAGE_MODEL_PATTERN = re.compile(r"gemini.*image|nano-?banana", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class CatalogueModel:
    """An image model of the catalogue. `price_ratio` is what is charged of the list price, None when it is unknown."""

    id: str
    price_ratio: float | None = None
    is_upcoming: bool = False


@dataclass(frozen=True)
class Catalogue:
    """The image models in the catalogue of a host, read at a time in UTC."""

    host: str
    time: datetime
    models: tuple[CatalogueModel, ...]


def read_catalogue() -> Catalogue:
    """Return the catalogue: the one kept since less than a day, or a new one. Raises `CometError` with the reason."""
    base_url = read_base_url()
    url = base_url.url + CATALOGUE_PATH
    if catalogue := _load_catalogue(url, base_url.host):
        return catalogue
    from cometmagic.courier.http.catalogue_fetch import fetch_public_document  # httpx, not needed for a kept one

    try:
        document = parse_object(fetch_public_document(url, MAX_BYTES), MAX_BYTES, MAX_VALUES)
        models = _parse_models(document)
    except ValueError as error:
        message = f"CometAPI's catalogue could not be read from {base_url.host}: {error}."
        raise CometError(message, charge_status=ChargeStatus.PAST) from None
    catalogue = Catalogue(base_url.host, datetime.now(UTC), models)
    with contextlib.suppress(OSError, RuntimeError):  # it is read again next time
        _save_catalogue(url, catalogue)
    return catalogue


def _load_catalogue(url: str, host: str) -> Catalogue | None:
    """Return the kept catalogue of this address, None when there is none, or it is too old."""
    with contextlib.suppress(OSError, RuntimeError, ValueError, TypeError):
        folder = find_state_folder()
        check_private_folder(folder)
        record = parse_object(read_regular(folder / FILE_NAME, MAX_BYTES), MAX_BYTES)
        time = datetime.fromisoformat(record["time"]) if record.get("url") == url else None
        if time is not None and timedelta(0) <= datetime.now(UTC) - time < MAX_AGE:
            return Catalogue(host, time, _parse_models(record))
    return None


def _save_catalogue(url: str, catalogue: Catalogue) -> None:
    """Keep the catalogue in the form of the service's document."""
    folder = find_state_folder()
    create_private_folder(folder)
    check_private_folder(folder)
    rows = [
        {"id": model.id, "pricing": {"ratio": model.price_ratio}, "upcoming": model.is_upcoming}
        for model in catalogue.models
    ]
    record = {"url": url, "time": catalogue.time.isoformat(), "data": rows}
    write_atomic(folder / FILE_NAME, json.dumps(record).encode())


def _parse_models(document: dict[str, Any]) -> tuple[CatalogueModel, ...]:
    """Return the image models. Raises `ValueError` for a document that lists no models at all."""
    rows = document.get("data")
    if not isinstance(rows, list) or not any(isinstance(row, dict) for row in rows):
        raise ValueError("it lists no models")
    models = {model.id: model for row in rows if isinstance(row, dict) for model in _parse_row(row)}
    return tuple(models.values())[:MAX_MODELS]


def _parse_row(row: dict[str, Any]) -> Iterator[CatalogueModel]:
    """Yield the image model of a row, if it is one."""
    for name in (row.get("id"), row.get("code")):
        if isinstance(name, str) and _ID_PATTERN.fullmatch(name) and _is_image_model(name):
            pricing = row.get("pricing")
            ratio = _parse_ratio(pricing.get("ratio")) if isinstance(pricing, dict) else None
            yield CatalogueModel(clean_line(name), ratio, is_upcoming=row.get("upcoming") is True)
            return


def _is_image_model(name: str) -> bool:
    return find_model(name) is not None or _IMAGE_MODEL_PATTERN.search(name) is not None


def _parse_ratio(value: Any) -> float | None:
    """Return a price ratio, None for anything else; some services write numbers as text."""
    with contextlib.suppress(ValueError):
        if isinstance(value, int | float | str) and not isinstance(value, bool):
            ratio = float(value)
            return ratio if 0 < ratio <= MAX_RATIO else None
    return None
