"""Code that several kinds of program share: the base URL, the last image of a response, a new file for it.

The snippets are Python, except the endpoint's path, which every kind of program needs.
"""

from __future__ import annotations

from urllib.parse import quote

from cometmagic.options.base_url import DEFAULT_BASE_URL

BASE_URL_SNIPPET = f"""\
url = os.environ.get("COMETAPI_BASE_URL") or "{DEFAULT_BASE_URL}"
url = url.rstrip("/").removesuffix("/v1beta").removesuffix("/v1")
"""

# Needs the response's JSON in `answer`; sets `image` to the bytes of the last image that is not a thought.
DECODE_SNIPPET = """\
candidate = (answer.get("candidates") or [{}])[0]
parts = (candidate.get("content") or {}).get("parts") or []
images = [part["inlineData"]["data"] for part in parts if "inlineData" in part and not part.get("thought")]
if not images:
    sys.exit(f"No image came: {json.dumps(answer)[:1000]}")
image = base64.b64decode(images[-1])
"""

# The suffix follows the bytes, because the declared type is often wrong.
SAVE_SNIPPET = r"""
kinds = {b"\x89PNG": ".png", b"\xff\xd8": ".jpg", b"RIFF": ".webp", b"GIF8": ".gif"}
suffix = next((suffix for magic, suffix in kinds.items() if image.startswith(magic)), ".bin")
number = 1
while (path := Path(f"image-{number}{suffix}")).exists():
    number += 1
path.write_bytes(image)
print(path)
"""


def format_endpoint_path(model: str) -> str:
    """Return the path of the URL that generates content with a model."""
    return f"/v1beta/models/{quote(model.removeprefix('models/'))}:generateContent"
