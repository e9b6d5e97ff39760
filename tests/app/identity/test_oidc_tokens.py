"""Bearer tokens against a real issuer: what holds is believed, everything else is refused alike."""

import base64
import json
import time
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from oidc_issuer import AUDIENCE, Issuer, new_key, send

from app.errors import IdentityProviderUnavailableError, InvalidInputError, UnauthenticatedError
from app.identity.oidc import Provider, TokenVerifier
from app.identity.oidc.claims import identity_of
from app.identity.oidc.fetching import IssuerClient
from app.identity.oidc.provider import FRESH_SECONDS, LAST_GOOD_SECONDS, PAUSE_SECONDS
from app.identity.roles import Role
from app.identity.service import refusal

MINUTE = 60


@pytest.fixture
def issuer():
    issuer = Issuer()
    yield issuer
    issuer.close()


class Clock:
    """Seconds that pass when a test says so."""

    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def verifier(issuer, clock):
    client = IssuerClient(issuer.address)
    yield TokenVerifier(Provider(issuer.address, client, clock), AUDIENCE, "kvart_roles")
    client.close()


def part(document):
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
def test_a_token_of_the_issuer_is_believed(issuer, verifier, algorithm):
    issuer.rotate("k", algorithm)
    identity = verifier.verify(issuer.token())
    assert (identity.issuer, identity.subject, identity.name) == (issuer.address, "ada-1", "ada")
    assert identity.roles == {"talsi": Role.ANALYST}
    assert identity.service_role is None


def test_several_audiences_and_the_type_of_access_tokens_are_fine(issuer, verifier):
    verifier.verify(issuer.token(aud=["other", AUDIENCE], headers={"typ": "at+jwt"}))


def test_clocks_may_differ_a_little(issuer, verifier):
    now = int(time.time())
    verifier.verify(issuer.token(exp=now - 10, nbf=now + 10, iat=now + 10))


NOW = int(time.time())
WRONG_CLAIMS = {
    "expired": {"exp": NOW - 2 * MINUTE},
    "not yet valid": {"nbf": NOW + 20 * MINUTE},
    "issued in the future": {"iat": NOW + 20 * MINUTE},
    "another audience": {"aud": "somebody-else"},
    "several other audiences": {"aud": ["a", "b"]},
    "audience that is no text": {"aud": [AUDIENCE, 7]},
    "another issuer": {"iss": "https://evil.example/realms/town"},
    "issuer with a slash more": {"iss": "{issuer}/"},
    "no subject": {"sub": ""},
    "subject that is a number": {"sub": 7},
    "subject with a line break": {"sub": "a\nb"},
    "subject with half a letter": {"sub": "a\ud800"},
    "very long subject": {"sub": "x" * 300},
    "expiry that is a text": {"exp": "tomorrow"},
    "expiry without end": {"exp": float("inf")},
    "expiry that is no number": {"exp": float("nan")},
}


@pytest.mark.parametrize("name", WRONG_CLAIMS)
def test_claims_that_do_not_hold_are_refused(issuer, verifier, name):
    claims = dict(WRONG_CLAIMS[name])
    if isinstance(claims.get("iss"), str):
        claims["iss"] = claims["iss"].replace("{issuer}", issuer.address)
    algorithm, key = issuer.keys["one"]
    told = {"iss": issuer.address, "aud": AUDIENCE, "iat": NOW, "exp": NOW + 300, "sub": "x"} | claims
    signed = jwt.PyJWS().encode(json.dumps(told).encode(), key, algorithm, headers={"kid": "one", "typ": "JWT"})
    with pytest.raises(UnauthenticatedError):
        verifier.verify(signed)


@pytest.mark.parametrize("name", ["exp", "iat", "iss", "aud", "sub"])
def test_no_claim_may_be_left_out(issuer, verifier, name):
    with pytest.raises(UnauthenticatedError):
        verifier.verify(issuer.token(leave=[name]))


def forged(issuer):
    key = issuer.keys["one"][1]
    claims = {"iss": issuer.address, "aud": AUDIENCE, "iat": NOW, "exp": NOW + 300, "sub": "eve"}
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    good = issuer.token()
    head, body, signature = good.split(".")
    stolen = json.loads(base64.urlsafe_b64decode(body + "==")) | {"sub": "eve"}
    hmac_head = part({"alg": "HS256", "typ": "JWT", "kid": "one"})
    hmac_body = part(claims)
    hmac_sign = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    hmac_mark = base64.urlsafe_b64encode(hmac_sign.sign(f"{hmac_head}.{hmac_body}".encode(), public)).decode()
    other = new_key("RS256", 1)
    encode = lambda headers, key=other, alg="RS256": jwt.encode(claims, key, alg, headers=headers)  # noqa: E731
    return {
        "changed claims": f"{head}.{part(stolen)}.{signature}",
        "no signature": f"{head}.{body}.",
        "alg none": f"{part({'alg': 'none', 'typ': 'JWT', 'kid': 'one'})}.{part(claims)}.",
        "alg none with a signature": f"{part({'alg': 'none', 'typ': 'JWT', 'kid': 'one'})}.{part(claims)}.{signature}",
        "alg nOnE": f"{part({'alg': 'nOnE', 'kid': 'one'})}.{part(claims)}.{signature}",
        "alg that is a list": f"{part({'alg': ['RS256'], 'kid': 'one'})}.{part(claims)}.{signature}",
        "HS256 with the public key": f"{hmac_head}.{hmac_body}.{hmac_mark.rstrip('=')}",
        "RS384, which is not in the list": encode({"kid": "one"}, key, "RS384"),
        "PS256 said, RS256 signed": f"{part({'alg': 'PS256', 'kid': 'one'})}.{body}.{signature}",
        "another key under the same name": encode({"kid": "one"}),
        "an unknown key": encode({"kid": "two"}),
        "no key named": encode({}),
        "key named as a file": encode({"kid": "../../../../dev/null"}),
        "key named as SQL": encode({"kid": "x' union select 'secret' --"}),
        "key that is a number": f"{part({'alg': 'RS256', 'kid': 1})}.{body}.{signature}",
        "key brought along": encode({"kid": "one", "jwk": {"kty": "oct", "k": "AAAA"}}),
        "key to be fetched elsewhere": encode({"kid": "two", "jku": "http://127.0.0.1:1/keys"}),
        "critical header": encode({"kid": "one", "crit": ["exp"]}, key),
        "nested token": encode({"kid": "one", "cty": "JWT"}, key),
        "logout token": encode({"kid": "one", "typ": "logout+jwt"}, key),
        "encrypted token": "a.b.c.d.e",
        "100 kB": issuer.token(padding="x" * 100_000),
        "deeply nested claims": jwt.PyJWS().encode(b"[" * 5000, key, "RS256", headers={"kid": "one"}),
        "claims that are a list": jwt.PyJWS().encode(b"[]", key, "RS256", headers={"kid": "one"}),
        "claims that are no JSON": jwt.PyJWS().encode(b"\xff", key, "RS256", headers={"kid": "one"}),
        "two tokens": f"{good} {good}",
        "line break": f"{good}\n",
        "nothing": "",
        "dots": "..",
        "not ASCII": "é.é.é",
    }


def test_forged_tokens_are_refused_with_the_same_words(issuer, verifier):
    for name, token in forged(issuer).items():
        assert refusal_of(verifier, token) == refusal().message, name


def refusal_of(verifier, token):
    try:
        verifier.verify(token)
    except UnauthenticatedError as error:
        return error.message
    return "believed"


def test_a_key_with_its_algorithm_is_used_for_no_other(issuer, verifier):
    jwks = {"keys": [issuer.jwks()["keys"][0] | {"alg": "PS256"}]}
    issuer.answers["/keys"] = lambda handler: send(handler, 200, jwks)
    with pytest.raises(UnauthenticatedError):
        verifier.verify(issuer.token())


@pytest.mark.parametrize("change", [{"use": "enc"}, {"key_ops": ["encrypt"]}, {"kty": "oct", "k": "AAAA"}, {"n": "AQ"}])
def test_keys_that_do_not_sign_are_not_used(issuer, verifier, change):
    jwks = {"keys": [7, {"kid": None}, issuer.jwks()["keys"][0] | change]}
    issuer.answers["/keys"] = lambda handler: send(handler, 200, jwks)
    with pytest.raises(UnauthenticatedError):
        verifier.verify(issuer.token())


def test_a_rotated_key_is_fetched_and_the_old_one_no_longer_holds(issuer, verifier, clock):
    old = issuer.token()
    verifier.verify(old)
    issuer.rotate("two")
    with pytest.raises(UnauthenticatedError):
        verifier.verify(issuer.token())
    clock.now += PAUSE_SECONDS
    assert verifier.verify(issuer.token()).subject == "ada-1"
    with pytest.raises(UnauthenticatedError):
        verifier.verify(old)


def test_nobody_makes_us_press_the_issuer(issuer, verifier):
    verifier.verify(issuer.token())
    asked = len(issuer.asked)
    tokens = [jwt.encode({}, new_key("RS256", 1), "RS256", headers={"kid": f"k{number}"}) for number in range(50)]
    with ThreadPoolExecutor(8) as pool:
        refused = set(pool.map(lambda token: refusal_of(verifier, token), tokens))
    assert refused == {refusal().message}
    assert len(issuer.asked) == asked


def test_known_keys_hold_while_the_issuer_is_down_but_not_for_ever(issuer, verifier, clock):
    token = issuer.token()
    verifier.verify(token)
    issuer.answers["/.well-known/openid-configuration"] = lambda handler: send(handler, 500, {})
    clock.now += FRESH_SECONDS + 1
    verifier.verify(token)
    clock.now += LAST_GOOD_SECONDS
    with pytest.raises(IdentityProviderUnavailableError):
        verifier.verify(token)
    issuer.answers.clear()
    with pytest.raises(IdentityProviderUnavailableError):
        verifier.verify(token)
    clock.now += PAUSE_SECONDS
    verifier.verify(token)


def test_an_issuer_that_never_answered_is_said_to_be_down(clock):
    verifier = TokenVerifier(Provider("http://127.0.0.1:9", IssuerClient("http://127.0.0.1:9"), clock), AUDIENCE, "r")
    issuer = Issuer()
    issuer.close()
    with pytest.raises(IdentityProviderUnavailableError):
        verifier.verify(issuer.token())


def slowly(handler):
    handler.send_response(200)
    handler.end_headers()
    for _ in range(20):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.05)


ODD_DISCOVERIES = {
    "keys on another host": lambda issuer, handler: send(
        handler, 200, issuer.discovery() | {"jwks_uri": "http://127.0.0.2:1/keys"}
    ),
    "keys on another port": lambda issuer, handler: send(
        handler, 200, issuer.discovery() | {"jwks_uri": "http://127.0.0.1:1/keys"}
    ),
    "keys behind a name and password": lambda issuer, handler: send(
        handler, 200, issuer.discovery() | {"jwks_uri": f"http://a:b@{issuer.host}/keys"}
    ),
    "keys in a file": lambda issuer, handler: send(
        handler, 200, issuer.discovery() | {"jwks_uri": "file:///etc/passwd"}
    ),
    "no keys": lambda issuer, handler: send(handler, 200, issuer.discovery() | {"jwks_uri": 7}),
    "another issuer": lambda issuer, handler: send(
        handler, 200, issuer.discovery() | {"issuer": "https://evil.example"}
    ),
    "redirect": lambda issuer, handler: send(handler, 302, {}, {"Location": f"{issuer.address}/keys"}),
    "too large": lambda issuer, handler: send(handler, 200, b"{" + b" " * 600_000),
    "compressed": lambda issuer, handler: send(handler, 200, b"\x1f\x8b", {"Content-Encoding": "gzip"}),
    "a list": lambda issuer, handler: send(handler, 200, []),
    "no JSON": lambda issuer, handler: send(handler, 200, b"<html>"),
    "deep": lambda issuer, handler: send(handler, 200, b"[" * 100_000),
    "keys no list": lambda issuer, handler: send(
        handler, 200, issuer.discovery() | {"jwks_uri": f"{issuer.address}/none"}
    ),
    "too slow": lambda issuer, handler: slowly(handler),
}


@pytest.mark.parametrize("name", ODD_DISCOVERIES)
def test_an_issuer_that_answers_oddly_is_not_believed(issuer, verifier, name, monkeypatch):
    monkeypatch.setattr("app.identity.oidc.fetching.LONGEST_SECONDS", 0.3)
    issuer.answers["/.well-known/openid-configuration"] = lambda handler: ODD_DISCOVERIES[name](issuer, handler)
    issuer.answers["/none"] = lambda handler: send(handler, 200, {})
    with pytest.raises(IdentityProviderUnavailableError):
        verifier.verify(issuer.token())


def test_keys_on_another_host_are_fetched_where_the_operator_says_so(issuer, clock):
    other = Issuer()
    other.keys = issuer.keys
    issuer.answers["/.well-known/openid-configuration"] = lambda handler: send(
        handler, 200, issuer.discovery() | {"jwks_uri": f"{other.address}/keys"}
    )
    client = IssuerClient(issuer.address, [other.host])
    TokenVerifier(Provider(issuer.address, client, clock), AUDIENCE, "kvart_roles").verify(issuer.token())
    client.close()
    other.close()


ODD_ISSUERS = """http://login.example login.example ftp://login.example https:// https://a@b.example https://a.example/#x
https://a.example/?x=1 https://a.example:99999 https://[ https://a.example\\@b https://a.example/\u00e9"""


@pytest.mark.parametrize("address", [*ODD_ISSUERS.split(), "https://x y", ""])
def test_only_an_https_address_is_an_issuer(address):
    with pytest.raises(InvalidInputError, match="KVART_OIDC_ISSUER"):
        IssuerClient(address)


ROLES = {
    "an object": ({"talsi": "analyst", "riga": "officer"}, {"talsi": "analyst", "riga": "officer"}, None),
    "groups": (["kvart:talsi:analyst", "staff", "/kvart:riga:officer"], {"talsi": "analyst", "riga": "officer"}, None),
    "one group": ("kvart:talsi:analyst", {"talsi": "analyst"}, None),
    "everywhere": ({"*": "administrator"}, {}, "administrator"),
    "several roles": (["kvart:talsi:commander", "kvart:talsi:officer"], {"talsi": "commander"}, None),
    "roles nobody can be given": ({"talsi": "reporter", "riga": "public", "valka": "god"}, {}, None),
    "codes that are none": ({"TALSI": "analyst", "../x": "analyst", "": "analyst"}, {}, None),
    "odd values": ({"talsi": ["analyst"], "riga": None}, {}, None),
    "odd groups": ([7, None, "kvart:", "kvart:talsi", "kvart:talsi:analyst:more", {}], {}, None),
    "a number": (7, {}, None),
    "nothing": (None, {}, None),
}


@pytest.mark.parametrize("name", ROLES)
def test_roles_are_read_from_the_claim(name):
    value, roles, service_role = ROLES[name]
    identity = identity_of({"iss": "i", "sub": "s", "kvart_roles": value}, "kvart_roles")
    assert identity.roles == roles
    assert identity.service_role == service_role


def test_dots_lead_into_objects_and_names_may_hold_dots():
    nested = {"iss": "i", "sub": "s", "realm_access": {"roles": ["kvart:talsi:officer"]}}
    assert identity_of(nested, "realm_access.roles").roles == {"talsi": "officer"}
    assert identity_of(nested, "realm_access.roles.more").roles == {}
    named = {"iss": "i", "sub": "s", "https://town.example/roles": {"talsi": "officer"}}
    assert identity_of(named, "https://town.example/roles").roles == {"talsi": "officer"}


@pytest.mark.parametrize(
    ("claims", "name"),
    [({"preferred_username": " ada "}, "ada"), ({"preferred_username": 7}, "s"), ({"name": "A\x00d\u202ea"}, "Ada")],
)
def test_the_name_is_one_plain_line(claims, name):
    assert identity_of({"iss": "i", "sub": "s"} | claims, "r").name == name
