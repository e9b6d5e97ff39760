"""Pages of Debian's Chromium, with a note of everything they ask, complain about and run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, Route, sync_playwright

CHROMIUM = shutil.which("chromium")


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Start the browser; the test is skipped where it is not installed."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed; `make browser` installs it")
    arguments = ["--disable-gpu", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


class WatchedPage:
    """A page whose every request, console message, error and dialog is noted; other hosts are blocked."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.outside: list[str] = []
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.on("request", self._note_request)
        page.on("console", lambda message: self.complaints.append(message.text) if message.type != "log" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: (self.complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.route("**/*", self._block_other_hosts)

    def open(self, address: str) -> Page:
        """Open a map and wait until it is drawn."""
        self.page.goto(address)
        self.page.wait_for_selector("html[data-map-ready]", timeout=15_000)
        return self.page

    def _note_request(self, request: Request) -> None:
        self.requests.append(request.url)
        if not _is_local(request.url):
            self.outside.append(request.url)

    @staticmethod
    def _block_other_hosts(route: Route) -> None:
        if _is_local(route.request.url):
            route.continue_()
        else:
            route.abort()


def _is_local(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme in ("data", "file", "about") or parts.hostname in ("127.0.0.1", "localhost")
