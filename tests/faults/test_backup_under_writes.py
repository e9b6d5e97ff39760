"""A backup made while callers write holds a whole state, and lives again somewhere else."""

from __future__ import annotations

from pathlib import Path

from load import Load

from benchmarks.service_process import Service


def test_a_backup_made_under_load_is_whole_and_works_elsewhere(service: Service, home: Path) -> None:
    with Load(service) as load:
        load.wait_for_reports(5)
        before = list(load.zones)
        backup = home.parent / "kvart.backup"
        service.run("db", "backup", str(backup))
        load.wait_for_reports(5)
    assert load.wrong == []
    assert before
    elsewhere = Service(home.parent / "elsewhere", key=service.key)
    elsewhere.run("db", "restore", str(backup))
    with elsewhere.owner_connection() as connection:
        zones = {text for (text,) in connection.execute("select description from report")}
        sizes = {count for (count,) in connection.execute("select count(*) from incident group by batch_id")}
    assert set(before) <= zones <= set(load.zones) | unacknowledged(service)
    assert sizes <= {200}
    verified = elsewhere.run("audit", "verify")
    assert "The log is as it was written." in verified.stdout
    try:
        elsewhere.start()
        with elsewhere.client() as client:
            page = client.get("/municipalities/talsi/danger-zones?limit=10000").json()
        assert {feature["properties"]["description"] for feature in page["features"]} == zones
    finally:
        elsewhere.stop()


def unacknowledged(service: Service) -> set[str]:
    """Return what the first database holds: a zone may be stored although its caller stopped waiting."""
    with service.owner_connection() as connection:
        return {text for (text,) in connection.execute("select description from report")}
