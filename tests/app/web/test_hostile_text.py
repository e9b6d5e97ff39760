"""Text from strangers on every page and map: whatever an import, a report or an account holds, nothing of it runs."""

import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest
from hostile_text import PAYLOAD, PAYLOADS
from small_town import BLOCKS, SIDE_M, fill, place, square
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.database.roles import DatabaseRole
from app.identity import accounts, links
from app.identity.roles import Role
from app.jobs.worker import Worker
from app.municipalities.service import create_municipality
from app.runs import service as runs

pytestmark = pytest.mark.browser

MEANT_FOR_MACHINES = {
    ("municipality", "code"),
    ("municipality", "working_crs"),
    ("municipality", "time_zone"),
    ("account", "name"),
    ("incident", "time_precision"),
    ("import_batch", "warnings"),
    ("quarantined_row", "reasons"),
}
"""Written by the service or checked when they are written: nobody stores free text there."""
POISONED_TABLES = [
    "municipality", "category", "source", "areal_unit", "incident", "report", "danger_zone", "street_segment",
    "street_light", "fix", "officer", "import_batch", "quarantined_row", "account",
]  # fmt: skip
TEXT_COLUMNS = """
    select c.table_name, c.column_name, c.data_type from information_schema.columns c
    where c.table_schema = 'public' and c.table_name = any(:tables)
        and c.data_type in ('text', 'character varying', 'jsonb', 'ARRAY') and c.udt_name <> 'bytea'
"""
MUST_BE_POISONED = {
    ("municipality", "name"),
    ("category", "label"),
    ("category", "code"),
    ("source", "name"),
    ("danger_zone", "description"),
    ("danger_zone", "channel"),
    ("street_segment", "name"),
    ("street_light", "lamp_type"),
    ("street_light", "owner"),
    ("fix", "title"),
    ("fix", "owner"),
    ("fix", "attributes"),
    ("officer", "external_id"),
    ("officer", "station"),
    ("areal_unit", "external_id"),
    ("areal_unit", "attributes"),
    ("incident", "external_id"),
    ("incident", "recorded_area"),
    ("import_batch", "file_name"),
    ("quarantined_row", "raw"),
    ("account", "display_name"),
}
MORE = """
insert into street_segment (municipality_id, source_id, external_id, geom, name)
    select :m, id, 's1', st_setsrid(st_makeline(st_makepoint(:x, :y), st_makepoint(:x + 0.01, :y)), 4326), 'x'
    from source where name = 'blocks';
insert into street_light (municipality_id, source_id, external_id, geom, x, y, lamp_type, owner)
    select :m, id, 'l1', st_setsrid(st_makepoint(:x, :y), 4326), 1, 1, 'x', 'x' from source where name = 'blocks';
insert into fix (municipality_id, external_id, kind, title, geom, status, owner)
    values (:m, 'f1', 'lighting', 'x', st_setsrid(st_makepoint(:x + 0.002, :y + 0.002), 4326), 'proposed', 'x');
insert into import_batch (municipality_id, source_id, file_name, file_sha256, rows_read, accepted, updated, unchanged,
        quarantined, software_version)
    select :m, id, 'x', repeat('0', 64), 1, 0, 0, 0, 1, 'x' from source where name = 'records';
insert into quarantined_row (municipality_id, batch_id, line, raw, reasons)
    select :m, id, 1, '{}', '[]' from import_batch;
"""


def poison(connection):
    """Write the payload into every text of the poisoned tables that may hold it, and return which did."""
    done = set()
    columns = connection.execute(text(TEXT_COLUMNS), {"tables": POISONED_TABLES}).all()
    for table, column, kind in columns:
        if (table, column) in MEANT_FOR_MACHINES:
            continue
        value = {
            "jsonb": "jsonb_build_object(cast(:payload as text), cast(:payload as text))",
            "ARRAY": "array[cast(:payload as text)]",
        }.get(kind, "cast(:payload as text) || ' ' || left(md5(random()::text), 6)")
        try:
            with connection.begin_nested():
                connection.execute(text(f'update "{table}" set "{column}" = {value}'), {"payload": PAYLOAD})
        except DBAPIError:
            continue
        done.add((table, column))
    return done


@pytest.fixture
def poisoned_town(database):
    """Identifier of a town all of whose free text is hostile, with one result of each kind."""
    with database.transaction() as session:
        town = create_municipality(
            session,
            code="town",
            name="Town",
            boundary=square(0, 0, BLOCKS * SIDE_M),
            time_zone="Europe/Riga",
            metric_crs="EPSG:32634",
        )
        fill(session, town.id)
        longitude, latitude = place(800.0, 800.0)
        for statement in MORE.split(";\n"):
            if statement.strip():
                session.execute(text(statement), {"m": town.id, "x": longitude, "y": latitude})
    with database.transaction(DatabaseRole.IDENTITY) as session:
        accounts.create_account(session, "eve", display_name="Eve")
        accounts.grant(session, "eve", Role.ADMINISTRATOR)
        link = links.create_link(session, "eve")
    with database.inside(town.id) as session:
        session.execute(text(ZONE), {"m": town.id, "x": longitude, "y": latitude})
    with database.owner_engine.begin() as connection:
        assert poison(connection) >= MUST_BE_POISONED
    numbers = []
    for kind in ("getis-ord", "kernel-density", "beat-allocation"):
        with database.inside(town.id) as session:
            numbers.append(runs.submit_run(session, town, kind, {}, 1).id)
    with ThreadPoolExecutor(1) as beside_the_loop_of_the_browser:
        assert beside_the_loop_of_the_browser.submit(Worker(database).run_until_idle).result() == len(numbers)
    return numbers, link


ZONE = """insert into danger_zone (municipality_id, category_id, geom, reported_by, channel, description)
    select :m, id, st_setsrid(st_makepoint(:x + 0.004, :y), 4326), 'citizen', 'x', 'x'
    from category where kind = 'concern' limit 1"""
VIOLATIONS = """window.violations = [];
document.addEventListener('securitypolicyviolation', (event) => window.violations.push(event.violatedDirective));"""


def look(watched, address):
    """Open an address, move the mouse over its map, and assert that nothing ran and no policy was broken."""
    page = watched.page
    watched.complaints.clear()
    answer = page.goto(address)
    frame = page.locator(".map-canvas")
    if frame.count():
        page.wait_for_selector("html[data-map-ready]", timeout=15_000)
        page.locator("summary").click()
        box = frame.bounding_box()
        for across in range(2, 19, 2):
            for down in (3, 5, 7):
                page.mouse.move(box["x"] + box["width"] * across / 20, box["y"] + box["height"] * down / 10)
    assert page.evaluate("window.ran") is None, address
    assert page.evaluate("window.violations") == [], address
    assert not [text for text in watched.complaints if "Failed to load resource" not in text], address
    assert watched.outside == []
    return answer


@pytest.fixture
def signed_in(watched, serve, settings, poisoned_town):
    """The service with the poisoned town, Eve signed in."""
    site = serve(settings)
    page = watched.page
    page.add_init_script(VIOLATIONS)
    page.goto(poisoned_town[1].address(site))
    page.get_by_label("Purpose of use").select_option("investigation")
    page.get_by_role("button", name="Sign in").click()
    return site


def test_nothing_that_is_stored_runs_on_any_page_or_map(watched, signed_in, poisoned_town):
    page, town = watched.page, f"{signed_in}/municipalities/town"
    look(watched, signed_in)
    assert PAYLOADS[0] in page.locator("h2").first.inner_text()
    opened = page.eval_on_selector_all("main a", "links => links.map((link) => link.href)")
    assert len(opened) >= 12
    maps = [f"{town}/runs/{number}/map" for number in poisoned_town[0]]
    taken_in = [f"{town}/imports/1", f"{town}/imports/1/quarantine"]
    for address in [*opened, *maps, *taken_in, f"{signed_in}/account", f"{signed_in}/docs"]:
        assert look(watched, address).status == 200, address
        if "/map" in address:
            assert PAYLOADS[0] in page.locator("h1").inner_text()
    look(watched, f"{town}/maps/lighting")
    assert page.locator("body").inner_text().count(PAYLOADS[0]) >= 3
    assert page.locator("img:not(.leaflet-tile), iframe, body script + svg").count() == 0


def test_nothing_that_an_account_writes_runs_on_its_page(watched, signed_in):
    page = watched.page
    for payload in PAYLOADS:
        look(watched, f"{signed_in}/account")
        page.get_by_label("What it is for").fill(re.sub(r"[^\x20-\x7e]", "", payload))
        page.get_by_role("button", name="Make a key").click()
        page.wait_for_selector(".news")
    look(watched, f"{signed_in}/account")
    assert PAYLOADS[0] in page.locator("table").inner_text()
    look(watched, f"{signed_in}/sign-in")


def test_nothing_in_an_address_runs(watched, signed_in):
    for payload in PAYLOADS:
        told = quote(payload, safe="")
        for path in (
            f"nowhere/{told}",
            f"?next={told}",
            f"sign-in?next={told}",
            f"sign-in/{told}",
            f"municipalities/{told}",
        ):
            look(watched, f"{signed_in}/{path}")


def test_nobody_is_led_away_after_signing_in(watched, serve, settings, poisoned_town, database):
    site = serve(settings)
    page = watched.page
    page.add_init_script(VIOLATIONS)
    addresses = ("//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/\t/evil.example")
    for address in addresses:
        page.goto(f"{site}/sign-in?next={quote(address, safe='')}")
        assert page.locator("input[name=next]").first.get_attribute("value") == "/", address
