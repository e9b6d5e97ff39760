"""``kvart serve``: starts, says where, stops in order."""

import io
import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from app.errors import InvalidInputError
from app.logs import JsonLines, configure_logs, log_context
from app.serving import address_of, listen

KVART = [sys.executable, "-m", "app.cli", "serve"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serves_until_it_is_asked_to_stop(database_url, tmp_path, number):
    environment = os.environ | {"KVART_DATABASE_URL": database_url, "KVART_HOME": str(tmp_path)}
    process = subprocess.Popen(
        [*KVART, "--port", "0"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        address = re.search(r"http://\S+:\d+", process.stdout.readline()).group()
        assert json.load(urllib.request.urlopen(f"{address}/ready", timeout=30))["status"] == "ready"
        process.send_signal(number)
        reference = process.stdout.readline()
        _, logged = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0, logged
    assert f"{address}/docs" in reference
    requests = [json.loads(line) for line in logged.splitlines() if '"request"' in line]
    assert requests[0]["route"] == "/ready"
    assert "Traceback" not in logged


def test_port_in_use(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = subprocess.run(
            [*KVART, "--port", str(port)],
            env=os.environ | {"KVART_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    assert result.returncode == 2
    assert f"Port {port} is in use." in result.stderr
    assert "Traceback" not in result.stderr


def test_database_that_is_not_there(tmp_path):
    environment = os.environ | {
        "KVART_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
        "KVART_HOME": str(tmp_path),
    }
    result = subprocess.run(
        [*KVART, "--port", "0"], env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert "KVART_DATABASE_URL" in result.stderr


@pytest.mark.parametrize("host", ["nowhere.invalid", "203.0.113.7"])
def test_hosts_that_cannot_be_listened_at(host):
    with pytest.raises(InvalidInputError, match=re.escape(host)):
        listen(host, 0)


def test_address_is_one_that_a_browser_can_open():
    with listen("0.0.0.0", 0) as listener:
        assert address_of(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_small_answers_do_not_wait_for_an_acknowledgement():
    with listen("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP


def test_log_lines_are_json_with_their_error():
    error = ValueError("broken")
    record = logging.LogRecord("kvart", logging.ERROR, __file__, 1, "it %s", ("failed",), (ValueError, error, None))
    record.fields = {"request_id": "1"}
    line = json.loads(JsonLines().format(record))
    assert (line["level"], line["message"], line["request_id"]) == ("error", "it failed", "1")
    assert "ValueError: broken" in line["error"]


def test_log_lines_carry_the_request_or_run_they_belong_to():
    def line():
        record = logging.LogRecord("kvart.worker", logging.INFO, __file__, 1, "done", (), None)
        return json.loads(JsonLines().format(record))

    with log_context(run_id=7), log_context(attempt=2):
        inside = line()
    assert (inside["run_id"], inside["attempt"]) == (7, 2)
    assert "run_id" not in line()


def test_logs_of_the_service_and_the_server_go_to_one_place():
    stream = io.StringIO()
    loggers = [logging.getLogger(name) for name in ("kvart", "uvicorn", "uvicorn.error")]
    before = [(logger.handlers, logger.propagate, logger.level) for logger in loggers]
    try:
        configure_logs(stream)
        for logger in loggers:
            logger.warning("told once")
    finally:
        for logger, (logger.handlers, logger.propagate, level) in zip(loggers, before, strict=True):
            logger.setLevel(level)
    assert [json.loads(line)["logger"] for line in stream.getvalue().splitlines()] == [
        "kvart",
        "uvicorn",
        "uvicorn.error",
    ]
