"""``kvart doctor``: what is wrong, in plain words."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from app.audit.verifying import Finding
from app.database import migrating
from app.diagnosis import audit_checks, database_checks, machine
from app.diagnosis.service import diagnose
from app.jobs.service import QueueState
from app.settings import DatabaseSettings, IdentitySettings, ServerSettings, Settings


@pytest.fixture
def settings(database_url, tmp_path):
    return Settings(database=DatabaseSettings(database_url=database_url, home=tmp_path))


def found(settings):
    return {finding.subject: finding for finding in diagnose(settings)}


def test_a_sound_installation_but_for_the_durability_that_tests_do_without(settings, database):
    findings = list(diagnose(settings))
    assert [finding.subject for finding in findings if finding.level == "fault"] == ["durability"]
    assert {finding.subject for finding in findings} >= {
        "home",
        "disk",
        "network",
        "maps",
        "database",
        "schema",
        "durability",
        "clock",
        "row security",
        "queue",
        "accounts",
        "audit log",
    }
    assert all(finding.advice for finding in findings if finding.level != "fine")


def test_nothing_is_made_where_there_is_no_database_yet(tmp_path):
    settings = Settings(database=DatabaseSettings(database_url=None, home=tmp_path / "none"))
    assert "There is none yet" in found(settings)["database"].sentence
    assert not (tmp_path / "none").exists()


def test_a_server_that_does_not_answer(tmp_path):
    settings = Settings(database=DatabaseSettings(database_url="postgresql://nobody@127.0.0.1:9/none", home=tmp_path))
    finding = found(settings)["database"]
    assert finding.level == "fault"
    assert "127.0.0.1:9" in finding.sentence
    assert finding.advice


def test_a_schema_of_an_older_version(settings, database):
    migrating.downgrade(database.owner_engine, "0003")
    findings = found(settings)
    assert findings["schema"].level == "fault"
    assert "kvart db upgrade" in findings["schema"].advice
    assert "queue" not in findings


def test_a_table_that_no_policy_guards(settings, database):
    with database.owner_engine.begin() as connection:
        connection.execute(text("alter table incident no force row level security"))
    finding = found(settings)["row security"]
    assert (finding.level, "incident" in finding.sentence) == ("fault", True)


def test_a_login_that_may_not_take_the_roles(settings, database, monkeypatch):
    monkeypatch.setattr(database_checks.repository, "roles_of_login", lambda connection, names: {"kvart_service"})
    finding = found(settings)["row security"]
    assert finding.level == "fault"
    assert "kvart_audit" in finding.sentence


def test_a_clock_that_is_off(settings, database, monkeypatch):
    monkeypatch.setattr(database_checks.time, "time", lambda: 0.0)
    assert found(settings)["clock"].level == "note"


def test_a_queue_that_stands_still(settings, database, monkeypatch):
    monkeypatch.setattr(database_checks.jobs, "queue_state", lambda database: QueueState(2, 0, 3600.0))
    finding = found(settings)["queue"]
    assert finding.level == "fault"
    assert "60 minutes" in finding.sentence


def test_a_log_that_was_altered(settings, database, monkeypatch):
    altered = audit_checks.verify(database, None)
    altered = replace(altered, batches=3, findings=(Finding("altered_event", "Event 7 was altered."),))
    monkeypatch.setattr(audit_checks, "verify", lambda database, heads: altered)
    findings = [finding for finding in diagnose(settings) if finding.subject == "audit log"]
    assert [finding.level for finding in findings] == ["fault", "note"]
    assert findings[0].sentence == "Event 7 was altered."
    assert "cut off" in findings[1].sentence


@pytest.mark.parametrize(("free_gb", "level"), [(0.1, "fault"), (1.0, "note"), (50.0, "fine")])
def test_room_on_the_disk(settings, database, monkeypatch, free_gb, level):
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda path: SimpleNamespace(free=free_gb * 1e9))
    assert found(settings)["disk"].level == level


@pytest.mark.parametrize(
    ("host", "public_url", "proxies", "level"),
    [
        ("127.0.0.1", None, "", "fine"),
        ("localhost", None, "", "fine"),
        ("0.0.0.0", None, "", "fault"),
        ("0.0.0.0", "http://kvart.example", "", "fault"),
        ("0.0.0.0", "https://kvart.example", "", "note"),
        ("0.0.0.0", "https://kvart.example", "10.0.0.1", "fine"),
    ],
)
def test_how_the_service_may_be_reached(settings, database, host, public_url, proxies, level):
    settings.server = ServerSettings(host=host)
    settings.identity = IdentitySettings(public_url=public_url, trusted_proxies=proxies)
    assert found(settings)["network"].level == level


def test_a_home_that_others_may_list_or_that_is_not_ours(settings, database, monkeypatch):
    settings.database.home.chmod(0o755)
    assert found(settings)["home"].level == "note"
    monkeypatch.setattr(machine.os, "access", lambda path, mode: False)
    assert found(settings)["home"].level == "fault"


def run_doctor(database_url, tmp_path, *options, **environment):
    return subprocess.run(
        [sys.executable, "-m", "app.cli", "doctor", *options],
        env=os.environ | {"KVART_DATABASE_URL": database_url, "KVART_HOME": str(tmp_path)} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_the_command_speaks_plainly_and_fails_on_a_fault(database_url, tmp_path):
    done = run_doctor(database_url, tmp_path)
    assert done.returncode == 1, done.stdout
    assert "ok    schema" in done.stdout
    assert "WRONG durability" in done.stdout
    done = run_doctor("postgresql://nobody@127.0.0.1:9/none", tmp_path, "--json")
    assert done.returncode == 1
    assert {finding["level"] for finding in json.loads(done.stdout)} == {"fine", "fault"}


def test_a_setting_that_cannot_be_used_is_named_without_its_value(database_url, tmp_path):
    done = run_doctor(database_url, tmp_path, KVART_POOL_SIZE="abc-secret")
    assert done.returncode == 2
    assert "KVART_POOL_SIZE" in done.stderr
    assert "abc-secret" not in done.stderr
