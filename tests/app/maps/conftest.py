"""A browser and a local server for the map documents."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from mimetypes import guess_type
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, Route, sync_playwright

from app.maps.documents import static_directories

CHROMIUM = shutil.which("chromium")


class DocumentServer:
    """Serves documents, the static directories and a favicon on this host only."""

    def __init__(self) -> None:
        self.documents: dict[str, tuple[str, str | None]] = {}
        documents = self.documents

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = urlsplit(self.path).path
                document, policy = documents.get(path, (None, None))
                body, kind = _static(path) if document is None else (document.encode(), "text/html; charset=utf-8")
                self.send_response(200 if body is not None else 404)
                self.send_header("Content-Type", kind)
                if policy:
                    self.send_header("Content-Security-Policy", policy)
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_arguments) -> None:
                """Keep the test output clean."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def publish(self, document: str, policy: str | None = None) -> str:
        """Return the address under which a document is served."""
        path = f"/documents/{len(self.documents)}"
        self.documents[path] = (document, policy)
        return f"http://127.0.0.1:{self._server.server_port}{path}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _static(path: str) -> tuple[bytes | None, str]:
    if path == "/favicon.ico":
        return b"", "image/x-icon"
    for prefix, directory in static_directories().items():
        file = directory / path.removeprefix(f"{prefix}/")
        if path.startswith(f"{prefix}/") and file.is_file():
            return file.read_bytes(), guess_type(file)[0] or "application/octet-stream"
    return None, "text/plain"


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
    return parts.scheme in ("data", "file", "about") or parts.hostname == "127.0.0.1"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; one per module, because Playwright's event loop must not outlive the tests that use it."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed; `make browser` installs it")
    arguments = ["--disable-gpu", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def watched(browser: Browser) -> Iterator[WatchedPage]:
    """A desktop page."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    yield WatchedPage(page)
    page.close()


@pytest.fixture(scope="module")
def server() -> Iterator[DocumentServer]:
    """The local server."""
    server = DocumentServer()
    yield server
    server.close()
