"""The browser's end of a widget: what a page would say to the kernel, said by a test."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.notebook.kernel import Kernel, Ran


def say(kernel: Kernel, comm: str, content: dict[str, Any], pieces: Sequence[bytes] = ()) -> Ran:
    """Send a custom message to the widget with this model id, and wait until the kernel has taken it."""
    client = kernel._client
    data = {"method": "custom", "content": content}
    sent = client.session.send(
        client.shell_channel.socket, "comm_msg", {"comm_id": comm, "data": data}, buffers=list(pieces)
    )
    ran = Ran()
    while True:
        message = client.get_iopub_msg(timeout=60)
        if message["parent_header"].get("msg_id") != sent["header"]["msg_id"]:
            continue
        ran.messages.append(message)
        if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            return ran
