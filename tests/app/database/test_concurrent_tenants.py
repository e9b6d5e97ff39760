"""A thousand mixed requests of twenty municipalities at once, over few connections: nobody sees a row of a neighbour.

All municipalities have the same boundary, the same identifiers of suppliers and the same places, so that only row
security and the address tell them apart. Every row carries the code of its owner.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
import shapely
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError

from app.database.sessions import Database
from app.identity.roles import Role
from app.municipalities.service import create_municipality, find_municipality

MUNICIPALITIES = 20
REQUESTS = 1_000
THREADS = 16
INCIDENTS_EACH = 30
BOX = shapely.box(22.5, 57.2, 22.7, 57.3)
OWNER = re.compile(r"owner-(town-\d+)-")
FILL = text(
    """insert into incident (municipality_id, external_id, geom, x, y, time_precision, recorded_area)
    select :municipality, 'A-' || n, st_setsrid(st_point(22.5 + n * 0.005, 57.25), 4326), 0, 0, 'day', :mark
    from generate_series(1, :n) as n"""
)
EVERY_MARK = text("select recorded_area from incident")


def mark(code: str) -> str:
    return f"owner-{code}-"


@pytest.fixture
def town_codes(database: Database) -> list[str]:
    codes = [f"town-{number}" for number in range(MUNICIPALITIES)]
    for code in codes:
        with database.transaction() as session:
            made = create_municipality(session, code=code, name=code, boundary=BOX, time_zone="Europe/Riga")
            session.execute(FILL, {"municipality": made.id, "mark": mark(code), "n": INCIDENTS_EACH})
    return codes


def incident(code: str) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [22.6, 57.25]},
        "properties": {"category": "burglary", "time_precision": "unknown", "recorded_area": mark(code)},
    }


def identifiers(database: Database) -> dict[str, int]:
    """Return the identifier of one incident of each town."""
    query = text("select min(recorded_area), min(id) from incident group by municipality_id")
    with database.owner_engine.connect() as connection:
        return {OWNER.findall(marked)[0]: identifier for marked, identifier in connection.execute(query)}


def test_a_thousand_requests_of_twenty_municipalities_show_no_foreign_row(
    client_as: Callable[..., Any], database: Database, town_codes: list[str]
) -> None:
    clients = {code: client_as(Role.ANALYST, code, purpose="crime-analysis") for code in town_codes}
    stored = identifiers(database)

    def ask(number: int) -> tuple[str, int, int]:
        """Return what was asked, the status and the number of foreign rows in the answer."""
        chance = random.Random(number)
        own, other = chance.sample(town_codes, 2)
        client, address = clients[own], f"/municipalities/{own}/incidents"
        kind = chance.choices(
            ["page", "box", "one", "add", "runs", "neighbour's page", "neighbour's in mine"], [6, 6, 3, 3, 2, 2, 2]
        )[0]
        answer = {
            "page": lambda: client.get(address, params={"limit": 100}),
            "box": lambda: client.get(address, params={"bbox": "22.5,57.2,22.6,57.3", "limit": 100}),
            "one": lambda: client.get(f"{address}/{stored[own]}"),
            "add": lambda: client.post(address, json=incident(own)),
            "runs": lambda: client.get(f"/municipalities/{own}/runs"),
            "neighbour's page": lambda: client.get(f"/municipalities/{other}/incidents"),
            "neighbour's in mine": lambda: client.get(f"{address}/{stored[other]}"),
        }[kind]()
        owners = OWNER.findall(answer.text)
        expected = 10 if kind == "box" else INCIDENTS_EACH if kind == "page" else 0
        assert len(owners) >= expected
        return kind, answer.status_code, sum(owner != own for owner in owners)

    with ThreadPoolExecutor(THREADS) as threads:
        answers = list(threads.map(ask, range(REQUESTS)))
    assert sum(foreign for _, _, foreign in answers) == 0
    statuses: dict[str, set[int]] = {}
    for kind, status, _ in answers:
        statuses.setdefault(kind, set()).add(status)
    assert statuses == {
        "page": {200},
        "box": {200},
        "one": {200},
        "add": {201},
        "runs": {200},
        "neighbour's page": {403},
        "neighbour's in mine": {404},
    }


@pytest.mark.parametrize("pool_size", [1, 4])
def test_a_thousand_transactions_without_any_filter_see_their_own_rows(
    database_url: str, town_codes: list[str], pool_size: int
) -> None:
    """Some fail, some leave a setting or a role behind on the connection; no statement names a municipality."""
    database = Database(make_url(database_url), pool_size=pool_size)
    keys = {}
    for code in town_codes:
        with database.transaction() as session:
            keys[code] = find_municipality(session, code).id

    def work(number: int) -> tuple[str, Counter[str]]:
        chance = random.Random(number)
        code = chance.choice(["nobody", *town_codes])
        ending = chance.choice(["commit", "exception", "error of the server", "setting left", "role left"])
        seen: Counter[str] = Counter()
        with suppress(ZeroDivisionError, DBAPIError), database.transaction() as session:
            if code != "nobody":
                find_municipality(session, code)
            seen.update(session.scalars(EVERY_MARK))
            if ending == "exception":
                raise ZeroDivisionError
            if ending == "error of the server":
                session.execute(text("select 1 / 0"))
            if ending == "setting left":
                session.execute(text(f"set session kvart.municipality = '{keys[town_codes[number % MUNICIPALITIES]]}'"))
            if ending == "role left":
                session.execute(text("set session role none"))
        return code, seen

    with ThreadPoolExecutor(THREADS) as threads:
        results = list(threads.map(work, range(REQUESTS)))
    database.close()
    for code, seen in results:
        assert seen == ({} if code == "nobody" else {mark(code): INCIDENTS_EACH})
