"""Danger zones out of imported reports: without staff and duplicates."""

import shapely

from app.audit.events import OPERATOR
from app.danger_zones.service import zones_from_reports
from app.ingest.service import import_file
from app.municipalities.service import create_municipality, find_municipality

SMALL = """case_enquiry_id,open_dt,closed_dt,case_status,reason,source,longitude,latitude
1,2026-03-01 10:00,2026-03-02 10:00,Closed,Street Lights,Citizens Connect App,22.6,57.25
2,2026-03-01 11:00,,Open,Street Lights,Citizens Connect App,22.6,57.25
3,2026-03-01 12:00,,Open - Dup,Street Lights,Citizens Connect App,22.6,57.25
4,2026-03-01 13:00,2026-03-02 10:00,Closed,Graffiti,Citizens Connect App,22.6,57.25
5,2026-03-01 14:00,,Open,Graffiti,Employee Generated,22.61,57.25
"""


def gather(database, code):
    with database.transaction() as session:
        return zones_from_reports(session, find_municipality(session, code), OPERATOR)


def zones(database, code, what):
    with database.transaction() as session:
        town = find_municipality(session, code)
        from sqlalchemy import text

        statement = text(f"select {what} from danger_zone where municipality_id = :m order by 1")
        return [tuple(row) for row in session.execute(statement, {"m": town.id})]


def test_a_zone_for_each_concern_and_place(database, tmp_path):
    with database.transaction() as session:
        create_municipality(
            session, code="talsi", name="Talsi", boundary=shapely.box(22.5, 57.2, 22.7, 57.3), time_zone="Europe/Riga"
        )
    file = tmp_path / "reports.csv"
    file.write_text(SMALL)
    import_file(database, "talsi", "reports", file, source="311", profile={})
    made = gather(database, "talsi")
    assert (made.zones, made.reports, made.staff, made.duplicates, made.on_piles) == (2, 3, 1, 1, 0)
    assert zones(database, "talsi", "status, reporters") == [("fixed", 1), ("received", 2)]
    assert gather(database, "talsi").zones == 0
