"""Dockerfile, compose file and proxy, as far as they can be checked without an engine."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest
import yaml
from pydantic_settings import BaseSettings
from typer.main import get_command

from app import settings
from app.commands import build_program
from app.database.embedded import EmbeddedCluster
from app.database.programs import run_program
from app.database.roles import DatabaseRole

REPOSITORY = Path(__file__).resolve().parent.parent
OF_COMPOSE_ITSELF = {"KVART_HOSTNAME", "KVART_OWNER_PASSWORD", "KVART_LOGIN_PASSWORD"}


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((REPOSITORY / "compose.yaml").read_text())


def known_settings():
    classes = [item for item in vars(settings).values() if isinstance(item, type) and issubclass(item, BaseSettings)]
    return {f"KVART_{name.upper()}" for item in classes for name in item.model_fields}


def test_every_setting_and_command_exists(compose):
    commands = set(get_command(build_program()).commands)
    for name, service in compose["services"].items():
        given = {key for key in service.get("environment", {}) if key.startswith("KVART_")}
        assert given <= known_settings() | OF_COMPOSE_ITSELF, name
        if service.get("image") == "kvart":
            assert service.get("command", ["serve"])[0] in commands


def test_no_password_has_a_default_and_none_is_written_down(compose):
    text = (REPOSITORY / "compose.yaml").read_text()
    for variable in re.findall(r"\$\{(\w*PASSWORD\w*)([^}]*)\}", text):
        assert variable[1] in {"", f":?set {variable[0]}"}
    assert compose["services"]["database"]["environment"]["POSTGRES_PASSWORD"].startswith("${")


def test_the_service_and_its_worker_have_no_rights_beyond_their_work(compose):
    for name in ("service", "worker"):
        service = compose["services"][name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert "kvart_login" in service["environment"]["KVART_DATABASE_URL"]
        assert "ports" not in service, "only the proxy is reached from outside"
    assert compose["networks"]["data"]["internal"] is True


def test_files_that_are_mounted_exist(compose):
    for service in compose["services"].values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert not source.startswith("./") or (REPOSITORY / source).is_file(), source


def test_the_proxy_lets_uploads_through_and_is_the_only_one_believed(compose):
    caddy = (REPOSITORY / "deploy" / "Caddyfile").read_text()
    assert f"max_size {settings.ServerSettings.model_fields['max_upload_mb'].default}MB" in caddy
    trusted = compose["services"]["service"]["environment"]["KVART_TRUSTED_PROXIES"]
    assert trusted == compose["networks"]["web"]["ipam"]["config"][0]["subnet"]


def test_the_image_copies_what_exists_and_runs_without_root():
    lines = (REPOSITORY / "Dockerfile").read_text().splitlines()
    for line in lines:
        if line.startswith("COPY ") and "--from" not in line:
            assert all((REPOSITORY / source).exists() for source in line.split()[1:-1]), line
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert users == ["kvart"]


def test_the_login_that_the_database_container_makes_may_take_every_role_and_owns_nothing(cluster: EmbeddedCluster):
    script = (REPOSITORY / "deploy" / "create-login.sh").read_text()
    statements = script.split("<<'SQL'\n")[1].split("SQL\n")[0]
    missing = [role for role in DatabaseRole if not re.search(rf"\b{role.value}\b", statements)]
    assert missing == []
    alone = statements.replace("kvart_", "trial_").replace(":'password'", "'x'")
    with psycopg.connect(cluster.conninfo("postgres")) as connection:
        connection.execute(alone)
        rights = connection.execute(
            "select rolsuper, rolbypassrls, rolcreaterole, rolinherit from pg_roles where rolname = 'trial_login'"
        ).fetchone()
        assert rights == (False, False, False, False)
        connection.rollback()


def test_the_script_of_the_database_container_is_sound_shell():
    assert run_program(["sh", "-n", str(REPOSITORY / "deploy" / "create-login.sh")]).returncode == 0
