"""Authlib's authorisation server on our own services: what it checks, and who keeps what."""

import re
from typing import Any

from authlib.oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import InvalidRequestError, InvalidScopeError, OAuth2Error
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, RefreshTokenGrant
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from authlib.oauth2.rfc9207 import IssuerParameter
from authlib.oidc.core.grants import OpenIDToken
from authlib.oidc.core.grants.util import create_half_hash
from flask import Response, current_app, json

from api.context import session, world
from api.oidc.exchange import Client, ProviderRequest, identify
from app.core import clock
from app.identity.openid import claims, codes, grants, id_tokens
from app.identity.openid.models import OpenidGrant
from app.identity.openid.registration import AUTH_METHODS, find_client

CONFIDENTIAL = ["client_secret_basic", "private_key_jwt"]
PROMPTS = frozenset({"none", "login", "consent", "select_account"})
#: Named in the standard so that a server that does not do them can say so.
NOT_SUPPORTED = {
    "request": "request_not_supported",
    "request_uri": "request_uri_not_supported",
    "registration": "registration_not_supported",
}
#: Seconds; more than a browser stays signed in changes nothing.
LONGEST_AGE = 10**9


def issuer() -> str:
    """Who we are in every token: our own address."""
    return world().core.settings.public_url


class Server(AuthorizationServer):
    """The server; it holds no state, everything belongs to the present request."""

    def query_client(self, client_id: str) -> Client | None:
        """The living client with exactly this id."""
        row = find_client(session(), client_id)
        return Client(row) if row is not None else None

    def authenticate_client(
        self, request: ProviderRequest, methods: list[str], endpoint: str = "token"
    ) -> Client:
        """The client, proved by its own method, if the endpoint takes that."""
        audiences = {issuer(), f"{issuer()}/oauth/token"}
        client = identify(session(), request, audiences)
        if client.row.auth_method not in methods:
            raise OAuth2Error("Only for confidential clients.", error="unauthorized_client")
        request.auth_method = client.row.auth_method
        return client

    def save_token(self, token: dict[str, Any], request: ProviderRequest) -> None:
        """Kept by its digest where it was made."""

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""

    def create_oauth2_request(self, request: ProviderRequest) -> ProviderRequest:
        """Views have read it already."""
        return request

    def handle_response(
        self, status: int, body: Any, headers: list[tuple[str, str]] | None
    ) -> Response:
        """As Flask sends it."""
        text = json.dumps(body) if isinstance(body, dict) else body
        return current_app.response_class(text, status=status, headers=headers)


class Presented:
    """A code or refresh token that was presented, in Authlib's words."""

    code_challenge_method = "S256"

    def __init__(self, grant: OpenidGrant) -> None:
        self.grant = grant
        self.code_challenge = grant.code_challenge

    def get_redirect_uri(self) -> str:
        """Where the code was sent."""
        return self.grant.redirect_uri

    def get_scope(self) -> str:
        """What was agreed to."""
        return " ".join(self.grant.scopes)

    def check_client(self, client: Client) -> bool:
        """Whether it is this client's."""
        return self.grant.client_id == client.row.id


class CodeGrant(AuthorizationCodeGrant):
    """Codes of a minute, used up by being presented."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def generate_authorization_code(self) -> str:
        """The code, made and kept by the person's decision."""
        return codes.issue_code(session(), *self.request.user)

    def save_authorization_code(self, code: str, request: ProviderRequest) -> None:
        """Kept already."""

    def query_authorization_code(self, code: str, client: Client) -> Presented | None:
        """The code's grant, if this is its first and timely use."""
        grant = codes.present_code(session(), client.row, code)
        return Presented(grant) if grant is not None else None

    def delete_authorization_code(self, authorization_code: Presented) -> None:
        """It stays, so that a second use is noticed."""

    def authenticate_user(self, authorization_code: Presented) -> OpenidGrant:
        """The tokens' family stands for the person."""
        return authorization_code.grant


class RefreshGrant(RefreshTokenGrant):
    """Refresh tokens that change with each use."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> Presented | None:
        """The family, gone on by one generation."""
        grant = grants.refreshable(session(), self.request.client.row, refresh_token)
        if grant is None:
            return None
        if not set((self.request.payload.scope or "").split()) <= set(grant.scopes):
            raise InvalidScopeError
        return Presented(grant) if grants.rotate(session(), grant, refresh_token) else None

    def authenticate_user(self, refresh_token: Presented) -> OpenidGrant:
        """The tokens' family stands for the person."""
        return refresh_token.grant

    def revoke_old_credential(self, refresh_token: Presented) -> None:
        """An older generation is refused by its number."""


class S256Only(CodeChallenge):
    """PKCE for every client, and never `plain`."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        """Both parameters must be there."""
        data = grant.request.payload.data
        if "code_challenge" not in data or data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("PKCE with code_challenge_method S256 is required.")
        super().validate_code_challenge(grant, redirect_uri)


class OpenidParameters:
    """What the standard says of the other parameters of an authorisation request."""

    def __call__(self, grant: Any) -> None:
        """Attach the check."""
        grant.register_hook("after_validate_authorization_request_payload", self.check)

    def check(self, grant: Any, redirect_uri: str) -> None:
        """Raises Authlib's error for the client; it goes to the redirect URI."""
        data = grant.request.payload.data
        if grant.request.repeated:
            raise InvalidRequestError("A parameter was given more than once.")
        for name, error in NOT_SUPPORTED.items():
            if name in data:
                raise OAuth2Error(f"The parameter {name} is not supported.", error=error)
        if data.get("response_mode", "query") != "query":
            raise InvalidRequestError("Only the response mode query is supported.")
        prompts = set(data.get("prompt", "").split())
        if not prompts <= PROMPTS or ("none" in prompts and len(prompts) > 1):
            raise InvalidRequestError("These values of prompt do not go together.")
        age = data.get("max_age", "0")
        if not re.fullmatch(r"[0-9]{1,10}", age, re.ASCII) or int(age) > LONGEST_AGE:
            raise InvalidRequestError("max_age is a number of seconds.")


class IdToken(OpenIDToken):
    """The ID token that comes with a code's tokens."""

    def encode_id_token(self, token: dict[str, Any], request: ProviderRequest) -> str:
        """Signed with the present key; says who signed in, nothing else."""
        now = int(clock.now().timestamp())
        client, grant = request.client.row, request.user
        told = claims.id_token_claims(session(), issuer(), client, grant, now)
        told["at_hash"] = create_half_hash(token["access_token"], id_tokens.ALGORITHM).decode()
        return id_tokens.sign(world().core.keys, id_tokens.ID_TOKEN, told)


class Issuer(IssuerParameter):
    """`iss` in every answer to an authorisation request (RFC 9207)."""

    def get_issuer(self) -> str:
        """Our address."""
        return issuer()


class Revocation(RevocationEndpoint):
    """A client gives a token back."""

    CLIENT_AUTH_METHODS = AUTH_METHODS

    def authenticate_token(self, request: ProviderRequest, client: Client) -> None:
        """End it, if it is this client's; the answer is the same either way."""
        self.check_params(request, client)
        grants.revoke(session(), client.row, request.form["token"])


class Introspection(IntrospectionEndpoint):
    """A confidential client asks about a token of its own."""

    CLIENT_AUTH_METHODS = CONFIDENTIAL

    def authenticate_token(self, request: ProviderRequest, client: Client) -> Any:
        """What is good and this client's; all else is not active."""
        self.check_params(request, client)
        live = grants.live_token(session(), request.form["token"])
        return live if live is not None and live.client.id == client.row.id else None

    def create_introspection_payload(self, token: grants.LiveToken | None) -> dict[str, Any]:
        """RFC 7662."""
        if token is None:
            return {"active": False}
        return {"active": True, **claims.token_facts(session(), issuer(), token)}


def _tokens(**asked: Any) -> dict[str, Any]:
    grant: OpenidGrant = asked["user"]
    scopes = grants.within(asked["client"].row, asked["scope"].split())
    token = {
        "token_type": "Bearer",
        "access_token": grants.issue_access(session(), grant, scopes),
        "expires_in": int(grants.ACCESS_LIFE.total_seconds()),
        "scope": " ".join(scopes),
    }
    if "offline_access" in grant.scopes:
        token["refresh_token"] = grants.derive_refresh(world().core.keys, grant)
    return token


def build_server() -> Server:
    """The server with all it can do."""
    made = Server()
    made.register_token_generator("default", _tokens)
    made.register_grant(CodeGrant, [S256Only(required=True), OpenidParameters(), IdToken()])
    made.register_grant(RefreshGrant)
    made.register_extension(Issuer())
    made.register_endpoint(Revocation)
    made.register_endpoint(Introspection)
    return made


server = build_server()
