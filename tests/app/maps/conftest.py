"""A browser and a local server for the map documents."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from mimetypes import guess_type
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser
from watched_pages import WatchedPage, open_browser

from app.maps.documents import static_directories


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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; one per module, because Playwright's event loop must not outlive the tests that use it."""
    with open_browser() as browser:
        yield browser


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
