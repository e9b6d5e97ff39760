"""Requests are counted by address, and a network of IPv6 is one."""

from types import SimpleNamespace

import pytest

from app.errors import TooManyRequestsError
from app.rate_limits import RateLimiter, address_of, rate_limited


def request_of(host, limiter=None):
    client = SimpleNamespace(host=host) if host else None
    return SimpleNamespace(client=client, app=SimpleNamespace(state=SimpleNamespace(rate_limiter=limiter)))


def test_one_too_many_is_refused_with_the_time_to_wait():
    limiter = RateLimiter()
    for _ in range(3):
        limiter.count("reports", 3, "10.0.0.1")
    with pytest.raises(TooManyRequestsError) as refused:
        limiter.count("reports", 3, "10.0.0.1")
    assert 1 <= refused.value.retry_after <= 120
    limiter.count("reports", 3, "10.0.0.2")
    limiter.count("others", 3, "10.0.0.1")


def test_a_route_is_limited_by_its_dependency():
    dependency, request = rate_limited("reports", 1).dependency, request_of("10.0.0.1", RateLimiter())
    dependency(request)
    with pytest.raises(TooManyRequestsError):
        dependency(request)


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8:0:0:ffff::1", "2001:db8::/64"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("unix", "unix"),
        (None, "unknown"),
    ],
)
def test_addresses_as_they_are_counted(host, counted):
    assert address_of(request_of(host)) == counted
