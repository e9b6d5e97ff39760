"""Whatever happens, no secret is written where others read: logs, answers, the audit log, metrics, representations."""

import json
import logging
import os
import subprocess
import sys

import pytest
from pydantic import BaseModel
from sqlalchemy import text

from app.database.roles import DatabaseRole
from app.database.sessions import Database, server_url
from app.errors import DatabaseUnavailableError
from app.identity import accounts, links, sessions
from app.identity.cookies import SESSION
from app.logs import JsonLines
from app.main import create_app
from app.municipalities import service as municipalities
from app.settings import AccountSettings, DatabaseSettings, IdentitySettings, Settings

PASSWORD = "correct-horse-battery-7319"
WRONG_PASSWORD = "wrong-horse-battery-7319"
CLIENT_SECRET = "client-secret-of-the-issuer-7319"
DATABASE_PASSWORD = "database-password-7319"
CONTACT = "resident-7319@example.org"
CHEAP = AccountSettings(password_time_cost=1, password_memory_kb=256, password_parallelism=1)


@pytest.fixture
def settings(settings):
    identity = IdentitySettings(
        oidc_issuer="https://127.0.0.1:9", oidc_client_id="kvart", oidc_client_secret=CLIENT_SECRET
    )
    return settings.model_copy(update={"identity": identity, "accounts": CHEAP})


@pytest.fixture
def lines(caplog):
    """What the handlers of the service write of everything that is logged."""
    caplog.set_level(logging.DEBUG)
    ours = ("kvart", "uvicorn", "sqlalchemy")

    def written():
        records = [*caplog.get_records("setup"), *caplog.get_records("call")]
        return "\n".join(JsonLines().format(record) for record in records if record.name.startswith(ours))

    return written


@pytest.fixture
def busy(lines, anonymous, client, client_as, municipality, database):
    """Every kind of secret, used and misused; returns them with the answers that may not hold them."""
    with database.transaction(DatabaseRole.IDENTITY) as session:
        accounts.create_account(session, "ada")
        accounts.set_password(session, "ada", PASSWORD, CHEAP)
        link = links.create_link(session, "ada")
        opened = sessions.open_session(session, accounts.get_account(session, "ada").id, "ada", CHEAP)
    zone = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [22.6, 57.25]},
        "properties": {"category": "drugs", "reported_by": "citizen", "contact": CONTACT},
    }
    created = anonymous.post(f"/municipalities/{municipality}/danger-zones", json=zone)
    report = created.json()["links"][0]["href"].removeprefix("/my-report/")
    key = client.headers["Authorization"].removeprefix("Bearer ")
    csrf = sessions.csrf_token(opened.token)
    form = {"purpose": "evaluation", "name": "ada"}
    answers = [
        *(anonymous.get(f"/my-report/{report}{path}") for path in ("/status",)),
        anonymous.put(f"/my-report/{report}/data"),
        anonymous.get(f"/my-report/{report}x/status"),
        anonymous.post(f"/sign-in/{link.token}", json={}),
        anonymous.get("/municipalities", headers={"Authorization": f"Bearer {key}x"}),
        anonymous.get("/municipalities", headers={"Cookie": f"{SESSION}={opened.token}x"}),
        anonymous.get("/account", headers={"Cookie": f"{SESSION}={opened.token}", "X-CSRF-Token": csrf}),
        anonymous.post("/account/purpose", headers={"Cookie": f"{SESSION}={opened.token}", "X-CSRF-Token": csrf}),
        client.get("/metrics"),
        client.get(f"/municipalities/{municipality}/audit"),
    ]
    page = anonymous.get("http://localhost/sign-in").text
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    answers += [
        anonymous.post("http://localhost/sign-in", data=form | {"password": password, "csrf_token": token})
        for password in (WRONG_PASSWORD, PASSWORD)
    ]
    assert answers[-2].status_code == 401
    secrets = [
        PASSWORD,
        WRONG_PASSWORD,
        CLIENT_SECRET,
        CONTACT,
        report,
        key,
        key.split("_", 2)[2],
        opened.token,
        link.token,
        csrf,
        token,
    ]
    assert all(secrets)
    return secrets, answers


def leaked(secrets, written):
    return [secret for secret in secrets if secret in written]


def test_log_lines_hold_no_secret(busy, lines):
    secrets, _ = busy
    assert '"route"' in lines()
    assert not leaked(secrets, lines())


def test_answers_that_refuse_or_count_hold_no_secret(busy):
    secrets, answers = busy
    for answer in answers:
        is_page = answer.headers.get("content-type", "").startswith("text/html")
        forbidden = secrets[:-2] if is_page else secrets  # the forms of a page carry its own token
        assert not leaked(forbidden, answer.text), (answer.request.url, answer.status_code)


def test_the_audit_log_holds_no_secret(busy, database):
    secrets, _ = busy
    with database.owner_engine.begin() as connection:
        rows = connection.execute(text("select to_jsonb(audit_event)::text from audit_event")).scalars().all()
    assert rows
    assert not leaked(secrets, "\n".join(rows))


def test_the_database_holds_hashes_of_secrets_only(busy, database):
    secrets, _ = busy
    tables = (
        "select table_name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'"
    )
    with database.owner_engine.begin() as connection:
        for table in connection.execute(text(tables)).scalars().all():
            rows = connection.execute(text(f'select to_jsonb(t)::text from "{table}" t')).scalars().all()
            found = leaked(secrets, "\n".join(rows))
            assert found == ([CONTACT] if table == "reporter_link" else []), table


class AccountName(BaseModel):
    """Stands for any model inside the service that is given what it cannot take."""

    name: str


def test_an_unexpected_error_quotes_no_row_and_no_parameter(client, database, lines, monkeypatch):
    def violate(_session, _query):
        with database.transaction(DatabaseRole.IDENTITY) as session:
            for _ in range(2):
                session.execute(text("insert into account (name, display_name) values (:name, '')"), {"name": PASSWORD})

    def misread(_session, _query):
        return AccountName.model_validate({"name": [PASSWORD]})

    for broken in (violate, misread):
        monkeypatch.setattr(municipalities, "list_municipalities", broken)
        answer = client.get("/municipalities")
        assert answer.status_code == 500
        assert PASSWORD not in answer.text
    written = lines()
    assert "duplicate key value violates unique constraint" in written
    assert "Traceback" not in answer.text
    assert PASSWORD not in written


def test_engines_hide_the_parameters_of_statements(database):
    assert database.engine.hide_parameters
    assert database.owner_engine.hide_parameters


def test_settings_and_databases_show_no_password():
    address = f"postgresql://kvart:{DATABASE_PASSWORD}@127.0.0.1:9/none"
    settings = Settings(
        database=DatabaseSettings(database_url=address),
        identity=IdentitySettings(oidc_issuer="https://x", oidc_client_id="x", oidc_client_secret=CLIENT_SECRET),
    )
    database = Database(server_url(address))
    shown = f"{settings!r} {settings} {settings.database!r} {database.url} {database.place()} {database.conninfo()}"
    shown += repr(database.engine) + repr(create_app(settings).state.__dict__)
    with pytest.raises(DatabaseUnavailableError) as refused, database.transaction() as session:
        session.execute(text("select 1"))
    shown += str(refused.value) + repr(refused.value)
    database.close()
    assert not leaked([DATABASE_PASSWORD, CLIENT_SECRET], shown)


@pytest.mark.parametrize("command", [["doctor", "--json"], ["doctor"], ["db", "status"], ["serve"]])
def test_commands_show_no_password(tmp_path, command):
    secret = {
        "KVART_DATABASE_URL": f"postgresql://kvart:{DATABASE_PASSWORD}@127.0.0.1:9/none",
        "KVART_HOME": str(tmp_path),
        "KVART_OIDC_ISSUER": "https://127.0.0.1:9",
        "KVART_OIDC_CLIENT_ID": "kvart",
        "KVART_OIDC_CLIENT_SECRET": CLIENT_SECRET,
    }
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", *command],
        env=os.environ | secret,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode != 0
    assert not leaked([DATABASE_PASSWORD, CLIENT_SECRET], done.stdout + done.stderr)
    assert "Traceback" not in done.stderr
    if "--json" in command:
        assert json.loads(done.stdout)
