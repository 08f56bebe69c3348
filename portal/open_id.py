"""Signing in by an OpenID provider: authorization code, PKCE, nonce. The one place of authlib.

What the provider says of itself is read at each sign-in, so that changed keys are known at once.
"""

import secrets
from collections.abc import Mapping
from typing import Any, Final, cast
from urllib.parse import urlsplit

import httpx
from attrs import frozen
from authlib.common.errors import AuthlibBaseError
from authlib.oauth2.rfc6749 import parameters
from authlib.oauth2.rfc7636 import challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from core.accounts.identities import Claims
from core.runtime.settings import LOOPBACK, OpenId

ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")
"""Signatures that are believed; never none, and never one by a key that both sides know."""
SCOPE: Final = "openid email"
PATIENCE: Final = 10.0
LEEWAY: Final = 60
"""Seconds that the provider's clock may differ."""
DISCOVERY: Final = "/.well-known/openid-configuration"
ENDPOINTS: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class OpenIdError(ValueError):
    """The provider does not answer as it should; the text is for the log and for people."""


@frozen
class Secrets:
    """What is kept here of a sign-in that is under way."""

    nonce: str
    verifier: str

    @classmethod
    def new(cls) -> "Secrets":
        return cls(secrets.token_urlsafe(32), secrets.token_urlsafe(48))


@frozen
class Provider:
    """Where a provider is asked for what."""

    given: OpenId
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str

    def address(self, redirect_uri: str, state: str, kept: Secrets) -> str:
        """Where a browser is sent to sign in."""
        return str(
            _AUTHORIZATION(
                self.authorization_endpoint,
                self.given.client_id,
                "code",
                redirect_uri,
                SCOPE,
                state,
                nonce=kept.nonce,
                code_challenge=_CHALLENGE(kept.verifier),
                code_challenge_method="S256",
            )
        )


async def discover(given: OpenId) -> Provider:
    """Ask the provider where what is; raises OpenIdError."""
    async with _client() as client:
        said = await _asked(client, "GET", given.issuer.rstrip("/") + DISCOVERY)
    if said.get("issuer") != given.issuer:
        raise OpenIdError(f"the provider calls itself {said.get('issuer')!r}: write it just so")
    found = [str(said.get(name, "")) for name in ENDPOINTS]
    for address in found:
        url = urlsplit(address)
        if url.scheme != "https" and not (url.scheme == "http" and url.hostname in LOOPBACK):
            raise OpenIdError(f"{address!r} is no https:// address")
    return Provider(given, *found)


async def redeem(
    provider: Provider, code: str, redirect_uri: str, kept: Secrets, now: int
) -> Claims:
    """Change a code into what the provider vouches for; raises OpenIdError. `now` is UTC ms."""
    given = provider.given
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": kept.verifier,
    }
    async with _client() as client:
        login = httpx.BasicAuth(given.client_id, given.client_secret)
        said = await _asked(client, "POST", provider.token_endpoint, data=form, auth=login)
        keys = await _asked(client, "GET", provider.jwks_uri)
    return _believed(given, str(said.get("id_token", "")), keys, kept.nonce, now)


def _believed(given: OpenId, token: str, keys: Mapping[str, Any], nonce: str, now: int) -> Claims:
    """The claims of an ID token whose signature, audience, times and nonce are right."""
    try:
        key_set = KeySet.import_key_set(cast("Any", keys))
        decoded = jwt.decode(token, key_set, algorithms=list(ALGORITHMS))
        options: Any = {
            "iss": {"essential": True, "value": given.issuer},
            "aud": {"essential": True, "value": given.client_id},
        }
        params = {"nonce": nonce, "client_id": given.client_id}
        claims: Any = CodeIDToken(decoded.claims, cast("Any", decoded.header), options, params)
        claims.validate(now=now // 1000, leeway=LEEWAY)
    except (JoseError, AuthlibBaseError, ValueError, KeyError, TypeError) as error:
        raise OpenIdError(f"the ID token is not good: {error}") from None
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise OpenIdError("the ID token names nobody")
    mail = claims.get("email", "") if claims.get("email_verified") is True else ""
    return Claims(given.issuer, subject, str(mail)[:254])


def _client() -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=PATIENCE, follow_redirects=False)


async def _asked(
    client: httpx.AsyncClient, method: str, address: str, **said: Any
) -> dict[str, Any]:
    """A JSON object of the provider; raises OpenIdError."""
    try:
        answer = await client.request(method, address, **said)
        answer.raise_for_status()
        found = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        place = f"{urlsplit(address).hostname} at {urlsplit(address).path}"
        raise OpenIdError(f"{place} did not answer as it should: {error}") from None
    if not isinstance(found, dict):
        raise OpenIdError(f"{urlsplit(address).hostname} did not answer with an object")
    return cast("dict[str, Any]", found)


_AUTHORIZATION: Final = cast("Any", parameters).prepare_grant_uri
_CHALLENGE: Final = cast("Any", challenge).create_s256_code_challenge
