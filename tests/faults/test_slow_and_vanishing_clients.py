"""Clients that send or read slowly, or go away in the middle, take nothing from the others."""

from __future__ import annotations

import contextlib
import http.client
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from load import incidents_csv

from benchmarks.service_process import Service, wait_until

LONGEST_PAUSE_S = 6.0
"""More than the five seconds after which httpx drops an idle connection and uvicorn, left alone, closes one."""
MANY = 60
UPLOAD_HEADERS = "Content-Type: multipart/form-data; boundary=b\r\n"
ZONES = "/municipalities/talsi/danger-zones"


def connect_to(service: Service, *, receive_bytes: int | None = None) -> socket.socket:
    place = urlsplit(service.address)
    caller = socket.socket()
    if receive_bytes is not None:
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    caller.connect((place.hostname, place.port))
    return caller


def request_head(service: Service, method: str, path: str, more: str = "") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: kvart\r\nAuthorization: Bearer {service.key}\r\n{more}\r\n".encode()


@pytest.fixture
def callers() -> Iterator[contextlib.ExitStack]:
    with contextlib.ExitStack() as stack:
        yield stack


def answers_quickly(service: Service) -> None:
    begin = time.monotonic()
    with service.client(timeout=10) as client:
        assert client.get(ZONES).status_code == 200
    assert time.monotonic() - begin < 5


def test_callers_who_never_finish_their_request_keep_nobody_out(service: Service, callers) -> None:
    for number in range(MANY):
        caller = callers.enter_context(connect_to(service))
        if number % 2:
            caller.sendall(b"GET /municipalities HTTP/1.1\r\nHost: kv")
        else:
            head = request_head(service, "POST", ZONES, "Content-Type: application/json\r\nContent-Length: 900\r\n")
            caller.sendall(head + b'{"type":')
    answers_quickly(service)


def test_callers_who_read_slowly_keep_no_connection_to_the_database(service: Service, callers) -> None:
    with service.client() as client:
        post_zones(client, 300)
    for _ in range(MANY):
        caller = callers.enter_context(connect_to(service, receive_bytes=2048))
        caller.sendall(request_head(service, "GET", f"{ZONES}?limit=10000"))
        caller.recv(100)
    answers_quickly(service)


def test_a_connection_is_still_there_after_a_pause_that_clients_make(service: Service) -> None:
    with contextlib.closing(http.client.HTTPConnection(urlsplit(service.address).netloc, timeout=30)) as caller:
        for pause_s in (0.0, LONGEST_PAUSE_S):
            time.sleep(pause_s)
            caller.request("GET", "/health")
            answer = caller.getresponse()
            assert (answer.status, answer.read()[:1]) == (200, b"{")


def post_zones(client, number: int) -> None:
    for _ in range(number):
        zone = {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [22.6, 57.25]},
            "properties": {"category": "street-lighting", "reported_by": "citizen", "description": "x" * 1000},
        }
        assert client.post(ZONES, json=zone).status_code == 201


def test_an_upload_whose_sender_vanishes_leaves_nothing(service: Service) -> None:
    body = incidents_csv(2000, 1)
    part = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n' + body
    head = request_head(
        service, "POST", "/municipalities/talsi/imports", f"{UPLOAD_HEADERS}Content-Length: {len(part) + 500}\r\n"
    )
    with connect_to(service) as caller:
        caller.sendall(head + part[: len(part) // 2])
    uploads = service.home / "uploads"
    wait_until(lambda: not [file for file in uploads.rglob("*") if file.is_file()], 20, "the upload is removed")
    with service.client() as client:
        assert client.get("/municipalities/talsi/imports").json()["imports"] == []
    assert service.lines_of_log("error") == []


def test_readers_who_vanish_are_no_errors(service: Service) -> None:
    with service.client() as client:
        post_zones(client, 100)
    for _ in range(20):
        with connect_to(service, receive_bytes=2048) as caller:
            caller.sendall(request_head(service, "GET", f"{ZONES}?limit=10000"))
            caller.recv(10)
    answers_quickly(service)
    assert service.lines_of_log("error") == []
