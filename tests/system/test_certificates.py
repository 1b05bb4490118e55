"""Certificates of the environment that cannot be read are told with their variable."""

from __future__ import annotations

from pathlib import Path

import certifi
import pytest

from cometmagic.system.certificates import describe_certificates, find_certificate_problem


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "which cannot be read (No such file or directory)"),
        (b"", "which cannot be read (it holds no certificates)"),
        (b"certificates, surely", "which cannot be read (it holds no certificates)"),
    ],
)
def test_certificates_that_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None, told: str
) -> None:
    file = tmp_path / "own.pem"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))

    assert describe_certificates() == f"SSL_CERT_FILE {file}"
    assert find_certificate_problem() == f"SSL_CERT_FILE names {file}, {told}. Correct it or unset it."


@pytest.mark.parametrize("name", ["nowhere", "file"])
def test_a_folder_of_certificates_that_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / name))

    assert find_certificate_problem().startswith(f"SSL_CERT_DIR names {tmp_path / name}, which is no folder.")


def test_certificates_that_can_be_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert (describe_certificates(), find_certificate_problem()) == ("those that come with httpx", "")

    monkeypatch.setenv("SSL_CERT_FILE", certifi.where())
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))

    assert describe_certificates() == f"SSL_CERT_FILE {certifi.where()}, SSL_CERT_DIR {tmp_path}"
    assert find_certificate_problem() == ""
