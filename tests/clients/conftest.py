"""A service that runs, with a town of 2,500 incidents, for the programs that people use."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import shapely
from sqlalchemy import text

from app.database.roles import DatabaseRole
from app.database.sessions import Database
from app.identity import accounts, keys
from app.identity.keys import KeyLimits
from app.identity.purposes import Purpose
from app.identity.roles import Role
from app.municipalities.service import create_municipality

INCIDENTS = 2_500
LIGHTS = 400
ROWS = f"""
insert into category (municipality_id, kind, code, label)
values (1, 'incident', 'burglary', 'Burglary'), (1, 'incident', 'robbery', 'Robbery');
insert into incident (municipality_id, external_id, category_id, geom, x, y, occurred_from, time_precision)
select 1, 'I' || n, (select id from category
       where kind = 'incident' and code = (array['burglary', 'robbery'])[1 + n % 2]),
       place, st_x(st_transform(place, 32634)), st_y(st_transform(place, 32634)),
       timestamptz '2025-01-01 12:00+00' + make_interval(hours => n), 'hour' from generate_series(1, {INCIDENTS}) as n,
       lateral (select st_setsrid(st_point(22.5 + 0.00008 * n, 57.2 + 0.00004 * n), 4326) as place) as placed;
insert into street_light (municipality_id, geom, x, y, owner)
select 1, st_setsrid(st_point(22.52 + 0.008 * (n % 20), 57.21 + 0.004 * (n / 20)), 4326), 0, 0, 'city'
from generate_series(0, {LIGHTS} - 1) as n;
"""


@dataclass(frozen=True)
class Service:
    """A service that runs, and a key that may read everything for crime analysis."""

    root: str
    key: str
    database: Database

    def scalar(self, query: str):
        """Return what the database itself says."""
        with self.database.owner_engine.begin() as connection:
            return connection.scalar(text(query.replace(":", "\\:")))

    def requests(self, collection: str = "incidents") -> list[dict[str, str]]:
        """Return the parameters of the requests that looked at features, as the audit log has them."""
        query = (
            "select what -> 'filters' from audit_event where what ->> 'collection' = :name and what -> 'looks' <> '[]'"
        )
        with self.database.owner_engine.begin() as connection:
            return list(connection.scalars(text(f"{query} order by id"), {"name": collection}))


@pytest.fixture
def service(database: Database, database_url: str, tmp_path) -> Iterator[Service]:
    """The service, on a port of its own."""
    with database.transaction() as session:
        boundary = shapely.box(22.5, 57.2, 22.7, 57.3)
        create_municipality(session, code="talsi", name="Talsi", boundary=boundary, time_zone="Europe/Riga")
    with database.owner_engine.begin() as connection:
        connection.execute(text(ROWS))
    with database.transaction(DatabaseRole.IDENTITY) as session:
        accounts.create_account(session, "ada")
        accounts.grant(session, "ada", Role.ANALYST, "talsi")
        key = keys.create_key(
            session, "ada", KeyLimits(scopes=("*:read", "runs:*")), label="desktop", purpose=Purpose.CRIME_ANALYSIS
        ).secret
    chosen = {"KVART_DATABASE_URL": database_url, "KVART_HOME": str(tmp_path), "KVART_WORKER": "false"}
    chosen["KVART_PUBLIC_READS_PER_MINUTE"] = "100000"
    log = (tmp_path / "serve.log").open("w")
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "serve", "--port", "0"],
        env=os.environ | chosen,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )
    try:
        address = re.search(r"http://\S+:\d+", process.stdout.readline()).group()
        yield Service(f"{address}/municipalities/talsi/ogc", key, database)
    finally:
        process.kill()
        process.communicate()
        log.close()


@pytest.fixture
def run():
    """Runs a program of the desktop and returns what it prints; the test is skipped where the program is missing."""

    def call(*command: str, **environment: str) -> str:
        if shutil.which(command[0]) is None:
            pytest.skip(f"{command[0]} is not on this machine; make test-clients installs it")
        done = subprocess.run(
            command, env=os.environ | environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return call
