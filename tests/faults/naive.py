"""A saver as many are written: the answer in memory, the image straight to its final name.

The control of the kill sweeps: killed in the same way and judged by the same judge, it must be caught.

    python naive.py URL FOLDER
"""

from __future__ import annotations

import base64
import json
import sys
import urllib.request
from pathlib import Path


def keep(answer: bytes, folder: Path) -> None:
    """Save the image of an answer that has come whole; two writes, as any larger image takes."""
    parts = json.loads(answer)["candidates"][0]["content"]["parts"]
    encoded = next(part["inlineData"]["data"] for part in parts if "inlineData" in part)
    image = base64.b64decode(encoded)
    middle = len(image) // 2
    with (folder / "image.png").open("wb", buffering=0) as file:
        file.write(image[:middle])
        file.write(image[middle:])
    with (folder / "answer.json").open("wb", buffering=0) as file:
        file.write(answer[:middle])
        file.write(answer[middle:])


def main() -> None:
    """Ask, then keep."""
    url, folder = sys.argv[1:]
    with urllib.request.urlopen(urllib.request.Request(url, b"{}", method="POST"), timeout=30) as response:
        answer = response.read()
    keep(answer, Path(folder))


if __name__ == "__main__":
    main()
