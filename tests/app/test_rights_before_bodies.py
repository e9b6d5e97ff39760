"""Who has no right is told so, whatever its body holds; who has one is told what is wrong with the body."""

import pytest

from app.identity.roles import Role

PROBLEM = "application/problem+json"
JSON = {"Content-Type": "application/json"}
BODIES = [b"", b"{", b"not json", b"\xff\xfe", b"[" * 5000, b'{"a": NaN', b"null"]
ADDRESSES = ["/incidents", "/runs", "/imports", "/ogc/processes/getis-ord/execution", "/ogc/processes/import/execution"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_broken_body_does_not_hide_that_there_is_no_right(anonymous, client, client_as, municipality, address):
    path = f"/municipalities/{municipality}{address}"
    officer = client_as(Role.MUNICIPALITY, municipality)
    for body in BODIES:
        for headers in (JSON, {"Content-Type": "text/plain"}, {"Content-Type": "multipart/form-data; boundary=x"}):
            for caller, statuses in ((anonymous, {401}), (officer, {403}), (client, {400, 415, 422})):
                answer = caller.post(path, content=body, headers=headers)
                assert answer.status_code in statuses, (body[:20], headers, answer.text[:300])
                assert answer.headers["content-type"] == PROBLEM
    assert anonymous.post(f"/municipalities/nowhere{address}", content=b"{", headers=JSON).status_code == 401


def test_a_broken_body_is_counted_and_written_down_like_any_other(anonymous, municipality, database):
    anonymous.post(f"/municipalities/{municipality}/runs", content=b"{", headers=JSON)
    with database.owner_engine.connect() as connection:
        kinds = connection.exec_driver_sql("select kind from audit_event where kind = 'refusal'").all()
    assert kinds
