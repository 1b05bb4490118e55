"""Colours of a picture with a profile, as sRGB.

A profile says which colours the numbers of a picture mean. Previews are saved without one, so their numbers must be
those of sRGB. Pillow alone ignores profiles; its ImageCms does not. This module does not resize or save pictures.
"""

from __future__ import annotations

import functools
import io
from typing import TYPE_CHECKING, Any

from PIL import Image

if TYPE_CHECKING:
    from cometmagic.images.bands import Conversion

_PROFILE_SPACES = {"RGB ": "RGB", "CMYK": "CMYK", "GRAY": "L"}  # of a profile, and the mode its numbers are in
_PROBES = (0, 64, 128, 192, 255)  # of each channel
_TOLERANCE = 1  # of 255; a profile that changes colours by no more is sRGB under another name


def combine(picture: Image.Image, convert: Conversion) -> Conversion:
    """Return `convert` with the colours changed to sRGB before; `convert` itself when the picture has none to change.

    A profile that cannot be read, or does not fit the mode, counts as missing, as it does in browsers.
    """
    transform = _find_transform(picture)
    if transform is None:
        return convert
    return lambda band: convert(_apply(transform, band))


def has_usable_profile(picture: Image.Image) -> bool:
    """Whether the picture has a profile other than sRGB that fits its mode."""
    return _find_transform(picture) is not None


def _find_transform(picture: Image.Image) -> Any:
    profile = picture.info.get("icc_profile")
    base_mode = _find_base_mode(picture)
    return _build_transform(profile, base_mode) if base_mode and isinstance(profile, bytes) and profile else None


def _find_base_mode(picture: Image.Image) -> str:
    """Return the mode of the picture's colours without palette and transparency, "" if no profile holds for it."""
    if picture.mode in ("P", "PA"):
        return "RGB"
    return {"RGBA": "RGB", "RGBX": "RGB", "LA": "L", "RGB": "RGB", "L": "L", "CMYK": "CMYK"}.get(picture.mode, "")


@functools.lru_cache(maxsize=4)  # a sheet or a notebook has many pictures of one camera
def _build_transform(profile: bytes, mode: str) -> Any:
    """Return what changes colours in `mode` to sRGB, or None when that is nothing or is not known."""
    try:
        from PIL import ImageCms

        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if _PROFILE_SPACES.get(source.profile.xcolor_space) != mode:
            return None
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
        return None if _is_identity(transform, mode) else transform
    except Exception:  # noqa: BLE001  # of damaged profiles, or a Pillow without LittleCMS
        return None


def _is_identity(transform: Any, mode: str) -> bool:
    if mode == "CMYK":
        return False
    if mode == "L":
        probe = Image.frombytes("L", (256, 1), bytes(range(256)))
    else:
        colours = bytes(value for r in _PROBES for g in _PROBES for b in _PROBES for value in (r, g, b))
        probe = Image.frombytes("RGB", (len(colours) // 3, 1), colours)
    changed = transform.apply(probe).tobytes()
    return all(abs(a - b) <= _TOLERANCE for a, b in zip(changed, probe.convert("RGB").tobytes(), strict=True))


def _apply(transform: Any, band: Image.Image) -> Image.Image:
    """Return a band as sRGB, RGBA if it has transparency."""
    if band.mode == "CMYK":
        return transform.apply(band)  # type: ignore[no-any-return]
    is_grey = band.mode in ("L", "LA")
    alpha = band.convert("RGBA").getchannel("A") if band.has_transparency_data else None
    changed: Image.Image = transform.apply(band.convert("L" if is_grey else "RGB"))
    if alpha is not None:
        changed.putalpha(alpha)
    return changed
