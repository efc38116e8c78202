"""Presets, and an upstream that serves what a test writes down."""

from collections.abc import AsyncIterator

import pytest

from tests.support.sources_presets import Presets
from tests.support.sources_upstream import Upstream


@pytest.fixture
async def presets() -> AsyncIterator[Presets]:
    upstream = Upstream()
    await upstream.start()
    presets = Presets(upstream)
    yield presets
    await presets.close()
    await upstream.stop()
