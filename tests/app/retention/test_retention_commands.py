"""kvart retention and kvart erase."""

import json

import pytest

from app.errors import InvalidInputError


@pytest.fixture
def kvart(database, talsi, invoke, monkeypatch):
    monkeypatch.setenv("KVART_AUDIT_KEEP_DAYS", "400")
    return invoke


def test_rules_are_set_shown_and_applied(kvart):
    assert "keeps incidents for 50 days" in kvart("retention", "set", "incidents", "50").stdout
    assert "keeps runs for good" in kvart("retention", "set", "runs", "for-good").stdout
    rules = {rule["collection"]: rule["days"] for rule in json.loads(kvart("retention", "show", "--json").stdout)}
    assert (rules["incidents"], rules["runs"], rules["uploads"]) == (50, None, 90)
    assert "incidents" in kvart("retention", "show").stdout
    assert "talsi: 4 incidents would be erased" in kvart("retention", "apply", "--dry-run").stdout
    assert "talsi: 4 incidents erased" in kvart("retention", "apply").stdout
    assert "Nothing is older" in kvart("retention", "apply").stdout


@pytest.mark.parametrize(("days", "message"), [("many", "no number of days"), ("0", "no number of days")])
def test_days_that_are_none(kvart, days, message):
    with pytest.raises(InvalidInputError, match=message):
        kvart("retention", "set", "incidents", days)


def test_negative_days_are_refused(kvart):
    with pytest.raises(InvalidInputError, match="-5 is no number of days"):
        kvart("retention", "set", "incidents", "--", "-5")


def test_one_incident_is_erased(kvart):
    assert "Erased incident 1 of talsi" in kvart("erase", "incident", "1", "--reason", "asked").stdout
    assert kvart("erase", "incident", "1").exit_code == 2
    assert kvart("erase", "incident", "-1", "--reason", "asked").exit_code == 2
    events = json.loads(kvart("audit", "list", "--kind", "erasure", "--json").stdout)
    assert events[0]["what"]["reason"] == "asked"
    assert (events[0]["actor_kind"], events[0]["sealed"]) == ("command", True)
