"""An OpenID provider of our own, with sockets and real signatures; it can be told to lie.

It is written from the standard (OpenID Connect Core 1.0, RFC 7636) with the plain library and
cryptography, and shares no code with the portal's side.
"""

import base64
import hashlib
import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import attrs
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

CLIENT, SECRET = "portal", "a secret of the client"


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@attrs.define(eq=False)
class Provider:
    """What it knows and says. `lies` replaces claims, `header` parts of the token's header.

    requests: what came to the authorization endpoint, by code.
    """

    issuer: str = ""
    now: int = 0
    person: dict[str, Any] = attrs.field(factory=dict[str, Any])
    lies: dict[str, Any] = attrs.field(factory=dict[str, Any])
    algorithm: str = "RS256"
    key: rsa.RSAPrivateKey = attrs.field(factory=lambda: rsa.generate_private_key(65537, 2048))
    signs_with: rsa.RSAPrivateKey | None = None
    discovery_issuer: str = ""
    requests: dict[str, dict[str, str]] = attrs.field(factory=dict[str, dict[str, str]])

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.discovery_issuer or self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def keys(self) -> dict[str, Any]:
        numbers = self.key.public_key().public_numbers()
        n = numbers.n.to_bytes(256, "big")
        return {
            "keys": [
                {"kty": "RSA", "kid": "one", "use": "sig", "alg": "RS256", "n": _encoded(n),
                 "e": _encoded(numbers.e.to_bytes(3, "big"))}
            ]
        }  # fmt: skip

    def authorize(self, asked: dict[str, str]) -> str:
        """Where the browser goes back to, the person having signed in."""
        code = f"code{len(self.requests)}"
        self.requests[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, form: dict[str, str], authorization: str) -> dict[str, Any] | None:
        """The answer of the token endpoint; None where the client is not who it says."""
        asked = self.requests.pop(form.get("code", ""), None)
        login = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        proof = _encoded(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if asked is None or authorization != f"Basic {login}":
            return None
        if proof != asked["code_challenge"] or form["redirect_uri"] != asked["redirect_uri"]:
            return None
        claims = {
            "iss": self.issuer, "aud": CLIENT, "iat": self.now, "exp": self.now + 300,
            "nonce": asked["nonce"], **self.person, **self.lies,
        }  # fmt: skip
        return {"access_token": "a", "token_type": "Bearer", "id_token": self._signed(claims)}

    def _signed(self, claims: dict[str, Any]) -> str:
        header = {"alg": self.algorithm, "kid": "one", "typ": "JWT"}
        parts = (_encoded(json.dumps(part).encode()) for part in (header, claims))
        signed = ".".join(parts)
        if self.algorithm == "none":
            return f"{signed}."
        if self.algorithm == "HS256":  # by the public key, as if it were a shared secret
            public = json.dumps(self.keys()).encode()
            return f"{signed}.{_encoded(hashlib.sha256(public + signed.encode()).digest())}"
        key = self.signs_with or self.key
        return (
            f"{signed}.{_encoded(key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"
        )


@contextmanager
def provider() -> Generator[Provider]:
    """A provider that answers on a free port."""
    ours = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            if url.path == "/.well-known/openid-configuration":
                self._answer(ours.metadata())
            elif url.path == "/keys":
                self._answer(ours.keys())
            else:
                self.send_response(302)
                asked = {name: values[0] for name, values in parse_qs(url.query).items()}
                self.send_header("location", ours.authorize(asked))
                self.end_headers()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self._answer(ours.token(form, self.headers.get("authorization", "")))

        def _answer(self, document: dict[str, Any] | None) -> None:
            self.send_response(401 if document is None else 200)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(document or {"error": "invalid_client"}).encode())

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    ours.issuer = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield ours
    server.shutdown()
    thread.join()
    server.server_close()
