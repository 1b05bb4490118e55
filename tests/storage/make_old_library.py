"""Makes `old_library`: a library as cometmagic 0.1.0 wrote it, and a pack of it. It is run once, and never again.

    python make_old_library.py FOLDER

The tests beside it hold every later version to reading what this one wrote. Of cometmagic only the public names, the
magics and the environment are used; the service is one of its own, on this machine. The last calls are killed on
their way, kernel and courier, which takes Linux.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from PIL import Image, ImageDraw
from traitlets.config import Config

import cometmagic

KEY = "sk-old-library-4f9c2b7e1d8a"
LONG = 3100  # bytes of a signature that is cut out of an answer, as the real ones are
PATIENCE = 30.0  # seconds
DOOMED = "import cometmagic, sys; cometmagic.generate(sys.argv[1])"
USAGE = {
    "promptTokenCount": 12,
    "candidatesTokenCount": 1120,
    "thoughtsTokenCount": 300,
    "totalTokenCount": 1432,
    "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1120}],
}
GROUNDING = {
    "webSearchQueries": ["lighthouse"],
    "groundingChunks": [{"web": {"uri": "https://www.example.org/lighthouse", "title": "Lighthouse"}}],
    "searchEntryPoint": {"renderedContent": "<div>lighthouse</div>"},
}
Answer = Callable[[BaseHTTPRequestHandler], None]


def painted(kind: str, color: str, size: tuple[int, int] = (64, 48)) -> bytes:
    """Return the bytes of a small picture."""
    picture, file = Image.new("RGB", size, color), io.BytesIO()
    ImageDraw.Draw(picture).ellipse((8, 8, size[0] - 8, size[1] - 8), fill="white")
    picture.save(file, kind)
    return file.getvalue()


def signature(salt: str, length: int) -> str:
    """Return a signature, the same one each time."""
    return base64.b64encode(hashlib.shake_256(salt.encode()).digest(length)).decode()


def image(content: bytes, mime_type: str = "image/png", **more: Any) -> dict[str, Any]:
    """Return an image part; most are declared as PNG, as the service does."""
    return {"inlineData": {"mimeType": mime_type, "data": base64.b64encode(content).decode()}} | more


def body(*parts: dict[str, Any], **more: Any) -> bytes:
    """Return an answer's JSON; `more` belongs to its candidate."""
    candidate = {"content": {"role": "model", "parts": list(parts)}, "finishReason": "STOP", "index": 0} | more
    told = {"candidates": [candidate], "usageMetadata": USAGE, "modelVersion": "gemini-old", "responseId": "old-1"}
    return json.dumps(told).encode()


def good(color: str, words: str, *drafts: bytes, signed: int = 300, **more: Any) -> bytes:
    """Return an answer with a thought in words, drafts, words and the picture, the last two with signatures."""
    return body(
        {"text": f"Thinking of {color}.", "thought": True},
        *(image(draft, thought=True) for draft in drafts),
        {"text": words, "thoughtSignature": signature(f"{color} words", 60)},
        image(painted("JPEG", color), thoughtSignature=signature(color, signed)),
        **more,
    )


def answering(content: bytes, status: int = 200, *, cut: int | None = None, **headers: str) -> Answer:
    """Return what sends an answer; `cut` bytes of it, and then nothing more."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        facts = {"Content-Type": "application/json", "Content-Length": str(len(content)), "Connection": "close"}
        for name, value in (facts | named).items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(content if cut is None else content[:cut])

    return answer


class Service:
    """Gives each request the next answer; `reached` is set when one of those that hang has come as far as it will."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.reached, self.ended = threading.Event(), threading.Event()
        service = self

        class Connection(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                with contextlib.suppress(OSError):
                    service.answers.pop(0)(self)

            def log_message(self, *_: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Connection)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def hanging(self, content: bytes = b"") -> Answer:
        """Return what sends all of an answer but its end, or nothing, and keeps the connection open."""

        def answer(request: BaseHTTPRequestHandler) -> None:
            if content:
                answering(content + b" ", cut=len(content))(request)
                request.wfile.flush()
            self.reached.set()
            self.ended.wait(PATIENCE)

        return answer


def children(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    return [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]


def killed(service: Service, prompt: str, answer: Answer, is_there: Callable[[dict[str, Any], Path], bool]) -> None:
    """Begin a call in a process of its own, and kill that and its courier when the call stands where it should."""
    service.answers.append(answer)
    kernel = subprocess.Popen([sys.executable, "-c", DOOMED, prompt])
    until = time.monotonic() + PATIENCE
    while not any(is_there(folder.read(), folder.path) for folder in calls() if folder.read()["prompt"] == prompt):
        if time.monotonic() > until:
            raise TimeoutError(prompt)
        time.sleep(0.05)
    couriers = children(kernel.pid)
    for pid in (kernel.pid, *couriers):  # the kernel first: it would bring the call home
        os.kill(pid, signal.SIGKILL)
    kernel.wait()


def calls() -> list[Any]:
    return list(cometmagic.library())


def make(service: Service, place: Path) -> None:
    """Make the calls, the pack, and then what is left unfinished."""
    hat, cat = painted("PNG", "purple", (40, 30)), painted("JPEG", "gray", (48, 48))

    def asked(*answers: Answer) -> None:
        service.answers += answers

    first = good("red", "Here is your bicycle.", painted("PNG", "orange"), signed=LONG)
    asked(answering(first, x_request_id="old-request-1"))
    options: dict[str, Any] = {"aspect_ratio": "16:9", "thoughts": True, "alt": "a bicycle"}
    bike = cometmagic.generate("a red bicycle leaning on a sunlit wall", **options)
    asked(answering(good("blue", "Now it is blue.")))
    bike.edit("make it blue")
    asked(answering(good("navy", "Now it is night.")))
    night = bike.chat("and at night")
    asked(answering(good("gold", "A hat on a cat.")))
    cometmagic.generate(["put this hat", hat, "on this cat"], images=[cat])
    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    shell.run_line_magic("load_ext", "cometmagic")  # which would bring home what is left below
    shell.run_line_magic("gemini_library", f"pack {place / 'pack'}")
    asked(answering(good("black", "Now it rains.")))
    night.chat("and in the rain")
    asked(answering(good("silver", "Here is a lighthouse.", groundingMetadata=GROUNDING)))
    cometmagic.generate(
        'a "lighthouse" in fog, {{as it is}}\n', model="gemini-3.1-flash-image", image_size="2k", thinking="high",
        search="web", system="be brief", temperature=0.5, seed=-7, safety={"hate": "none"},
        extra={"generationConfig": {"newField": [1, None]}},
    )  # fmt: skip
    cometmagic.generate("a simple flat icon", source="offline", image_size="512", aspect_ratio="1:8", preview=64)
    refused = {"error": {"code": 400, "message": "Invalid value", "status": "INVALID_ARGUMENT"}}
    asked(answering(json.dumps(refused).encode(), 400, x_request_id="old-request-2"))
    failing("a call that is refused")
    asked(answering(body({"text": "I will not draw that."})))
    failing("a call that is talked about")
    asked(answering(good("red", "Never seen."), cut=100))
    failing("a call that is cut off")

    whole = good("green", "It was on its way.")

    def came(_: dict[str, Any], folder: Path) -> bool:
        part = folder / "response.part"
        return part.exists() and part.stat().st_size >= len(whole)

    killed(service, "a call whose answer came", service.hanging(whole), came)
    service.reached.clear()
    killed(
        service, "a call that was never answered", service.hanging(),
        lambda call, _: call["state"] == "sent" and service.reached.is_set(),
    )  # fmt: skip
    busy = {"error": {"code": 429, "message": "Slow down", "status": "RESOURCE_EXHAUSTED"}}
    killed(
        service, "a call that waits for another try", answering(json.dumps(busy).encode(), 429, Retry_After="60"),
        lambda call, _: call["state"] == "planned" and bool(call.get("tries")),
    )  # fmt: skip


def failing(prompt: str) -> None:
    with contextlib.suppress(cometmagic.CometError):
        cometmagic.generate(prompt)


@contextlib.contextmanager
def settings(service: Service, place: Path) -> Iterator[None]:
    """Set the environment as for one who has set nothing but a key, and keep away from the user's own folders."""
    for name in list(os.environ):
        if name.startswith(("COMETAPI_", "COMETMAGIC_")):
            del os.environ[name]
    os.environ |= {
        "COMETAPI_KEY": KEY, "COMETAPI_BASE_URL": service.url, "COMETMAGIC_LIBRARY": str(place / "library"),
        "XDG_STATE_HOME": str(place / "state"), "IPYTHONDIR": str(place / "ipython"),
    }  # fmt: skip
    before = Path.cwd()
    os.chdir(place)
    yield
    service.ended.set()
    os.chdir(before)


def main() -> None:
    """Make it, and copy it to where it should lie."""
    target = Path(sys.argv[1]).absolute()
    if target.exists():
        sys.exit(f"{target} is there already: it holds what an old version wrote, which none can write again.")
    with tempfile.TemporaryDirectory(prefix="old-library-", ignore_cleanup_errors=True) as made:
        place, service = Path(made), Service()
        with settings(service, place):
            make(service, place)
        for name in ("library", "pack"):
            shutil.copytree(place / name, target / name, ignore=shutil.ignore_patterns("courier.log"))


if __name__ == "__main__":
    main()
