"""A database that holds a row of every table; homes of embedded clusters; processes that use them."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from subprocess import PIPE, Popen
from textwrap import dedent
from typing import Any

import pytest
import shapely
from sqlalchemy import Connection, func, insert, select, text

from app.database import migrating
from app.database.embedded import EmbeddedCluster
from app.database.programs import run_program
from app.database.roles import DatabaseRole
from app.database.sessions import Database
from app.database.tables import Base
from app.municipalities.service import create_municipality

POINT = "SRID=4326;POINT(0.5 0.5)"
SQUARE = "SRID=4326;POLYGON((0 0,1 0,1 1,0 1,0 0))"
SQUARES = "SRID=4326;MULTIPOLYGON(((0 0,1 0,1 1,0 1,0 0)))"
LINE = "SRID=4326;LINESTRING(0 0,1 1)"
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
DAY = date(2026, 5, 4)
IMPORTED = {"source_id": 1, "batch_id": 1, "external_id": "a1"}
CELL = {"run_id": 1, "cell": 0, "geom": SQUARE, "cell_x": 50.0, "cell_y": 50.0}
BATCH = {"rows_read": 2, "accepted": 1, "updated": 0, "unchanged": 0, "quarantined": 1}

ROWS: dict[str, dict[str, Any]] = {
    "municipality": {"code": "town", "name": "Town", "boundary": SQUARES, "working_crs": "EPSG:32631"}
    | {"time_zone": "Etc/UTC"},
    "analysis_run": {"kind": "getis-ord", "parameters": {"cell_m": 100}, "software_version": "0.1.0"},
    "density_cell": CELL | {"density_per_km2": 1.5},
    "hot_spot_cell": CELL | {"count": 3, "gi_z": 2.1, "p_value": 0.03, "q_value": 0.04, "gi_bin": 2},
    "source": {"kind": "incidents", "name": "police", "profile": {}},
    "import_batch": BATCH
    | {"source_id": 1, "file_name": "a.csv", "file_sha256": "0" * 64, "software_version": "0.1.0"},
    "quarantined_row": {"batch_id": 1, "line": 3, "raw": {"x": "?"}, "reasons": [{"code": "bad_number"}]},
    "category": {"kind": "incident", "code": "theft", "label": "Theft"},
    "incident": IMPORTED
    | {"category_id": 1, "geom": POINT, "x": 1.0, "y": 2.0, "time_precision": "hour"}
    | {"occurred_from": NOON, "occurred_to": NOON},
    "danger_zone": IMPORTED | {"category_id": 1, "geom": LINE, "reported_by": "citizen"},
    "report": IMPORTED
    | {"category_id": 1, "danger_zone_id": 1, "geom": POINT, "x": 1.0, "y": 2.0, "reported_by": "citizen"}
    | {"reported_at": NOON, "reporter_key": b"\x00\x01"},
    "fix": IMPORTED
    | {"danger_zone_id": 1, "kind": "lighting", "title": "Lamp", "geom": POINT, "status": "done", "cost": 12}
    | {"started_on": DAY, "ended_on": DAY},
    "fix_bundle": {"title": "Tunnel"},
    "fix_change": {"fix_id": 1, "step": "finish", "from_status": "under_way", "to_status": "done", "reason": "Lit."}
    | {"actor": "ann", "happened_on": DAY},
    "fix_danger_zone": {"fix_id": 1, "danger_zone_id": 1},
    "fix_hot_spot": {"fix_id": 1, "run_id": 1, "cell": 0},
    "areal_unit": IMPORTED | {"geom": SQUARE, "residents": 900, "residents_year": 2025},
    "street_segment": IMPORTED | {"geom": LINE, "name": "High Street"},
    "street_light": IMPORTED | {"geom": POINT, "x": 1.0, "y": 2.0, "lamp_type": "LED"},
    "street_light_outage": {"street_light_id": 1, "out_from": NOON},
    "beat_plan": {"name": "2026", "version": 1, "min_residents": 3000, "max_residents": 7000}
    | {"run_id": 1, "batch_id": 1},
    "beat": {"plan_id": 1, "code": "B1", "geom": SQUARES, "residents": 4000, "workload": 1.0, "polsby_popper": 0.8},
    "plan_change": {"plan_id": 1, "action": "propose", "from_status": "draft", "to_status": "draft", "reason": "ready"}
    | {"actor": "ann"},
    "plan_edit": {"plan_id": 1, "operation": "move", "former_tag": "a", "tag": "b", "unit_ids": [1], "actor": "ann"}
    | {"beats_before": ["B1"], "beats_after": [None]},
    "beat_membership": {"plan_id": 1, "areal_unit_id": 1, "beat_id": 1},
    "officer": IMPORTED | {"station_geom": POINT, "languages": ["en", "uz"]},
    "account": {"name": "ada", "display_name": "Ada"},
    "membership": {"account_id": 1, "role": "analyst"},
    "api_key": {"account_id": 1, "prefix": "abcdefghij", "sha256": bytes(32), "label": "QGIS", "scopes": ["*:read"]}
    | {"expires_at": NOON},
    "sign_in_link": {"account_id": 1, "sha256": bytes(32), "expires_at": NOON},
    "login_session": {"account_id": 1, "sha256": bytes(32), "csrf_sha256": bytes(32), "expires_at": NOON}
    | {"idle_limit": timedelta(hours=12)},
    "result_feature": {"run_id": 1, "number": 1, "layer": "clusters", "geom": SQUARES, "properties": {"events": 12}},
    "result_table": {"run_id": 1, "name": "trend", "columns": ["month"], "rows": [["2025-01"]]},
    "officer_assignment": {"beat_id": 1, "officer_id": 1, "valid_from": DAY, "reason": "new plan"},
    "audit_event": {"kind": "consultation", "actor_kind": "account", "actor": "ann", "what": {"rows": 1}},
    "audit_batch": {"previous": "0" * 64, "digest": "1" * 64, "first_event": 1, "last_event": 1, "events": 1}
    | {"sealed_at": NOON},
    "reporter_link": {"danger_zone_id": 1, "token_sha256": b"\5" * 32, "expires_at": NOON},
    "danger_zone_change": {"danger_zone_id": 1, "action": "accept", "from_status": "in_moderation"}
    | {"to_status": "open", "why": "Seen.", "actor_kind": "account", "actor": "ann", "changed_at": NOON},
    "reporter_salt": {"salt": bytes(32)},
    "photo": {"danger_zone_id": 1, "report_id": 1, "width": 4, "height": 3, "content": b"\xff\xd8"},
    "snap_version": {"fingerprint": "ab", "basis": "residents", "least_addresses": 8, "summary": {"n_used": 9}},
    "snap_point": {"version_id": 1, "geom": POINT, "place": "POINT(5 5)", "addresses": 9},
    "published_count": {"month": DAY, "area": "B1", "geom": SQUARES, "counts": {"theft": 7, "robbery": "<5"}},
    "data_change": {"relation": "incident", "number": 1},
    "incident_block": {"block": 1, "events": 1, "category_ids": [1], "source_ids": [1], "x": bytes(8), "y": bytes(8)}
    | {"moment": bytes(8), "category": bytes(2), "source": bytes(2)},
    "retention_rule": {"collection": "reports", "days": 365},
}
TENANT_TABLES = sorted(
    name
    for name, table in Base.metadata.tables.items()
    if "municipality_id" in table.columns and not table.columns["municipality_id"].nullable
)
"""Every row of these belongs to one municipality."""


def insert_a_row_in_every_table(connection: Connection) -> None:
    for table in Base.metadata.sorted_tables:
        keys = {"id": 1} if "id" in table.columns and table.name != "audit_event" else {}
        keys |= {"municipality_id": 1} if "municipality_id" in table.columns else {}
        connection.execute(insert(table).values(**keys, **ROWS[table.name]))
    connection.execute(text("delete from data_change where number <> 1"))


def rows_in_every_table(connection: Connection) -> dict[str, int]:
    return {
        name: connection.scalar(select(func.count()).select_from(table)) or 0
        for name, table in Base.metadata.tables.items()
    }


@pytest.fixture
def full_database(database: Database) -> Database:
    """A database that holds a row of every table."""
    with database.owner_engine.begin() as connection:
        insert_a_row_in_every_table(connection)
    return database


@pytest.fixture
def row_counter() -> Any:
    """The function that counts the rows of every table."""
    return rows_in_every_table


@pytest.fixture
def row_inserter() -> Any:
    """The function that puts a row into every table."""
    return insert_a_row_in_every_table


@pytest.fixture
def open_home(quick_directory: Callable[[], Path]) -> Iterator[Path]:
    """A new directory that every account may enter, unlike those of pytest."""
    home = quick_directory()
    home.chmod(0o711)
    yield home
    shutil.rmtree(home)


@pytest.fixture(scope="session")
def model_home(quick_directory: Callable[[], Path]) -> Iterator[Path]:
    """Home of a stopped cluster with the schema; to be copied, which is quicker than making one."""
    directory = quick_directory()
    home = directory / "home"
    cluster = EmbeddedCluster(home, durable=False)
    cluster.start()
    database = Database(cluster.url(), cluster=cluster)
    migrating.upgrade(database.owner_engine)
    database.close()
    yield home
    shutil.rmtree(directory)


@pytest.fixture
def prepared_home(model_home: Path) -> Callable[[Path], Path]:
    """Function that puts the home of a stopped cluster at a path."""

    def copy(target: Path) -> Path:
        assert run_program(["cp", "-a", str(model_home), str(target)]).returncode == 0
        return target

    return copy


@pytest.fixture
def home(open_home: Path, prepared_home: Callable[[Path], Path]) -> Path:
    """Home of a stopped cluster with the schema."""
    return prepared_home(open_home / "home")


REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture
def start_python(tmp_path: Path) -> Iterator[Callable[..., Popen[str]]]:
    """Function that starts a script in a process of its own; what still runs at the end is killed."""
    processes: list[Popen[str]] = []

    def start(script: str, *arguments: str) -> Popen[str]:
        command = [sys.executable, "-c", "import os, sys\nfrom pathlib import Path\n" + dedent(script), *arguments]
        environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
        process = Popen(command, cwd=tmp_path, env=environment, stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True)
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def run_python(start_python: Callable[..., Popen[str]]) -> Callable[..., str]:
    """Function that runs a script in a process of its own and returns what it printed."""

    def run(script: str, *arguments: str) -> str:
        process = start_python(script, *arguments)
        output, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
        return output

    return run


PLAIN_LOGIN = "kvart_login"


@pytest.fixture
def plain(database: Database) -> Iterator[Database]:
    """The database as a user sees it who owns nothing and is a plain member of the roles of the service."""
    with database.owner_engine.begin() as connection:
        if not connection.scalar(text("select 1 from pg_roles where rolname = :name"), {"name": PLAIN_LOGIN}):
            connection.execute(text(f"create role {PLAIN_LOGIN} login noinherit"))
            connection.execute(text(f"grant {', '.join(DatabaseRole)} to {PLAIN_LOGIN}"))
    plain = Database(database.url.set(username=PLAIN_LOGIN))
    yield plain
    plain.close()


@pytest.fixture
def towns(database: Database) -> dict[str, int]:
    """Key of each of two municipalities by code, each with one incident of the same key and the same external id."""
    keys = {}
    for number, code in enumerate(("east", "west")):
        with database.transaction() as session:
            box = shapely.box(22.5 + number, 57.2, 22.6 + number, 57.3)
            municipality = create_municipality(session, code=code, name=code, boundary=box, time_zone="Europe/Riga")
            values = {"m": municipality.id, "area": code}
            session.execute(text(ONE_INCIDENT), values)
        keys[code] = municipality.id
    return keys


ONE_INCIDENT = """
with made as (insert into source (municipality_id, kind, name, profile) values (:m, 'incidents', 'police', '{}')
    returning id)
insert into incident (municipality_id, id, source_id, external_id, geom, x, y, time_precision, recorded_area)
overriding system value
select :m, 77, id, 'A-1', st_setsrid(st_point(22.5, 57.2), 4326), 0, 0, 'day', :area from made
"""
