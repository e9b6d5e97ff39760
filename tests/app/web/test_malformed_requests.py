"""Requests that are no HTTP, over a real connection: refused at once, answered once, and forgotten."""

import socket
from urllib.parse import urlsplit

HEAD = b"POST /municipalities/talsi/danger-zones HTTP/1.1\r\nHost: kvart\r\nContent-Type: application/json\r\n"
SMUGGLED = b"GET /municipalities HTTP/1.1\r\nHost: kvart\r\n\r\n"
MALFORMED = {
    "length and chunks": HEAD + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "two lengths": HEAD + b"Content-Length: 0\r\nContent-Length: 50\r\n\r\n" + SMUGGLED,
    "signed length": HEAD + b"Content-Length: +5\r\n\r\n{}   ",
    "unknown coding": HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "bad chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
    "nought in a header": b"GET /health HTTP/1.1\r\nHost: kvart\r\nX-Request-ID: a\x00b\r\n\r\n",
    "no host": b"GET /health HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /health HTTP/1.1\r\nHost: kvart\r\nHost: evil.example\r\n\r\n",
    "blank in the address": b"GET /health x HTTP/1.1\r\nHost: kvart\r\n\r\n",
    "endless header": b"GET /health HTTP/1.1\r\nHost: kvart\r\nX-Long: " + b"x" * 200_000 + b"\r\n\r\n",
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}

SILENT_SECONDS = 3.0


def exchange(address, sent):
    """Send bytes and return all that comes back until the other side is silent or gone."""
    parts = urlsplit(address)
    received = b""
    with socket.create_connection((parts.hostname, parts.port), timeout=SILENT_SECONDS) as connection:
        connection.sendall(sent)
        try:
            while chunk := connection.recv(65_536):
                received += chunk
        except (ConnectionResetError, TimeoutError):
            pass
    return received


def test_a_malformed_request_gets_one_answer_at_most(serve, settings):
    address = serve(settings)
    for kind, sent in MALFORMED.items():
        received = exchange(address, sent)
        answers = received.count(b"HTTP/1.1 ")
        assert answers <= 1, (kind, received)
        assert not answers or received.startswith((b"HTTP/1.1 4", b"HTTP/1.1 501")), (kind, received)
        assert b"Traceback" not in received
        assert b"set-cookie" not in received.lower()
        healthy = exchange(address, b"GET /health HTTP/1.1\r\nHost: kvart\r\nConnection: close\r\n\r\n")
        assert healthy.startswith(b"HTTP/1.1 200"), kind
