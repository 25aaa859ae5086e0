"""One Chromium for all the tests here: each has tabs, cookies and workers of its own in it.

It speaks on the event loop it was started on, so the tests and their log share that one.
"""

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from streaming.log import Log
from tests import chromium


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**chromium.options())
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def log() -> AsyncIterator[Log]:
    log = Log()
    yield log
    await log.close()
