"""A real OpenID Connect issuer on this machine: discovery, keys that rotate, authorization codes with PKCE."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, quote_plus, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

AUDIENCE = "kvart"
CLIENT_SECRET = "s3cret & more"
RSA_KEYS = [rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2)]
"""Slow to make; each issuer gets the same."""


def new_key(algorithm, number=0):
    if algorithm in {"RS256", "PS256"}:
        return RSA_KEYS[number]
    return ec.generate_private_key(ec.SECP256R1()) if algorithm == "ES256" else ed25519.Ed25519PrivateKey.generate()


def as_jwk(key, identifier):
    kinds = {rsa.RSAPrivateKey: RSAAlgorithm, ec.EllipticCurvePrivateKey: ECAlgorithm}
    kind = next((value for base, value in kinds.items() if isinstance(key, base)), OKPAlgorithm)
    return kind.to_jwk(key.public_key(), as_dict=True) | {"kid": identifier, "use": "sig"}


class Issuer:
    """The issuer; `answers` replaces what an address answers, `asked` counts the questions."""

    def __init__(self):
        self.keys = {"one": ("RS256", new_key("RS256"))}
        self.answers = {}
        self.asked = []
        self.person = {"sub": "ada-1", "preferred_username": "ada", "kvart_roles": {"talsi": "analyst"}}
        self.token_claims = {}
        self.take_token = None
        self._codes = {}
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                issuer.answer(self, dict(parse_qsl(urlsplit(self.path).query)))

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                issuer.answer(self, {name: values[0] for name, values in parse_qs(body).items()})

            def log_message(self, *_arguments):
                """Keep the test output clean."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        self.host = f"127.0.0.1:{self._server.server_port}"
        self.address = f"http://{self.host}/realms/town"

    def rotate(self, identifier, algorithm="RS256", number=1):
        self.keys = {identifier: (algorithm, new_key(algorithm, number))}

    def token(self, identifier=None, *, headers=None, leave=(), **claims):
        """A token that holds, but for what is said otherwise."""
        identifier = identifier or next(iter(self.keys))
        algorithm, key = self.keys[identifier]
        now = int(time.time())
        told = {"iss": self.address, "aud": AUDIENCE, "iat": now, "exp": now + 300, **self.person, **claims}
        told = {name: value for name, value in told.items() if name not in leave}
        return jwt.encode(told, key, algorithm, headers={"kid": identifier} | (headers or {}))

    def discovery(self):
        return {
            "issuer": self.address,
            "jwks_uri": f"{self.address}/keys",
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
        }

    def jwks(self):
        return {"keys": [as_jwk(key, identifier) for identifier, (_, key) in self.keys.items()]}

    def answer(self, handler, given):
        path = urlsplit(handler.path).path.removeprefix("/realms/town")
        self.asked.append(path)
        if path in self.answers:
            self.answers[path](handler)
        elif path == "/.well-known/openid-configuration":
            send(handler, 200, self.discovery())
        elif path == "/keys":
            send(handler, 200, self.jwks())
        elif path == "/authorize":
            self._authorize(handler, given)
        elif path == "/token":
            self._token(handler, given)
        else:
            send(handler, 404, {})

    def _authorize(self, handler, given):
        code = f"code-{len(self._codes)}"
        self._codes[code] = given
        back = {"code": code, "state": given["state"], "session_state": "x", "iss": self.address}
        handler.send_response(302)
        handler.send_header("Location", f"{given['redirect_uri']}?{urlencode(back)}")
        handler.end_headers()

    def _token(self, handler, given):
        asked = self._codes.pop(given.get("code"), None)
        expected = f"{quote_plus(AUDIENCE)}:{quote_plus(CLIENT_SECRET)}"
        if self.take_token is not None:
            self.take_token(given)
        signed = (
            given.get("client_secret") == CLIENT_SECRET
            or handler.headers.get("Authorization") == "Basic " + base64.b64encode(expected.encode()).decode()
        )
        digest = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if (
            not signed
            or asked is None
            or asked["code_challenge"] != challenge
            or asked["code_challenge_method"] != "S256"
        ):
            send(handler, 400, {"error": "invalid_grant"})
            return
        assert given["redirect_uri"] == asked["redirect_uri"]
        claims = {"nonce": asked["nonce"]} | self.token_claims
        send(handler, 200, {"access_token": "opaque", "token_type": "Bearer", "id_token": self.token(**claims)})

    def close(self):
        self._server.shutdown()
        self._server.server_close()


def send(handler, status, document, headers=None):
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    for name, value in (headers or {}).items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)
