"""Whoever cannot show who they are is told nothing."""

import asyncio
import ssl
import subprocess
from pathlib import Path
from shutil import which

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from feed.sources.base import SourceFailed
from feed.sources.polled.fetch import Fetch
from tests.support.sources import T0


@pytest.mark.skipif(which("openssl") is None, reason="openssl makes the certificate")
async def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    key, certificate = await asyncio.to_thread(_self_signed, tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    heard: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        heard.append(request.headers.get("X-Auth-Token", ""))
        return web.Response(body=b"{}")

    app = web.Application()
    app.router.add_get("/", answer)
    server = TestServer(app, scheme="https")
    await server.start_server(ssl=context)
    fetch = Fetch(timeout_s=5, allow_private=True, headers={"X-Auth-Token": "mine"})
    try:
        with pytest.raises(SourceFailed, match=r"cannot be asked: .*(?i:certificate)") as raised:
            await fetch.get(server.make_url("/"), None, T0)
        assert "mine" not in str(raised.value)
        assert heard == []
    finally:
        await fetch.aclose()
        await server.close()


def _self_signed(directory: Path) -> tuple[Path, Path]:
    """A key, and a certificate of it that only itself vouches for."""
    key, certificate = directory / "key.pem", directory / "certificate.pem"
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
            "-keyout", key, "-out", certificate,
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return key, certificate
