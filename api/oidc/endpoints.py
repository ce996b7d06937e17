"""The endpoints for programs: discovery, keys, token, userinfo, revocation, introspection."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import structlog
from authlib.oauth2.rfc6749 import OAuth2Error
from flask import Response, current_app, json, request

from api.blueprints import AudienceBlueprint
from api.context import session, world
from api.oidc.errors import oauth_error, status_of
from api.oidc.exchange import read_form
from api.oidc.server import CONFIDENTIAL, PROMPTS, issuer, server
from app.identity.openid import claims, grants, id_tokens, proof, registration, scopes

log = structlog.get_logger()

blueprint = AudienceBlueprint("openid", __name__, audience="openid", description="OpenID")

#: Scripts of other sites may call these; none of them reads a cookie.
OPEN_TO_SCRIPTS = frozenset({"configuration", "keys", "token", "userinfo"})
#: Seconds; a killed key is gone from everywhere within this and the two of the key ring.
KEEP_KEYS = 60
OAUTH_ERROR = {
    "description": "OAuth error",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["error"],
                "properties": {
                    "error": {"type": "string"},
                    "error_description": {"type": "string"},
                },
            }
        }
    },
}
FORM = {"application/x-www-form-urlencoded": {"schema": {"type": "object"}}}

View = Callable[[], Any]


def _described(*codes: int, form: bool = False) -> Callable[[View], View]:
    """What the API description says of an endpoint whose form and errors are the standard's."""
    responses: dict[str, Any] = {"200": {"description": "OK", "content": {"application/json": {}}}}
    responses |= {str(code): OAUTH_ERROR for code in (*codes, 429, 503)}
    body: dict[str, Any] = {"requestBody": {"content": FORM}} if form else {}
    described: Callable[[View], View] = blueprint.doc(responses=responses, **body)
    return described


def _in_oauth_words(view: View) -> View:
    """Refusals are answers: what was learnt from them (a replayed code) is committed."""

    @wraps(view)
    def run() -> Any:
        try:
            return view()
        except OAuth2Error as error:
            return oauth_error(error)

    return run


@blueprint.route("/.well-known/openid-configuration", policy="anybody; nothing personal")
@_described()
def configuration() -> Response:
    """What this provider can do (OpenID Connect Discovery)."""
    return _cached(_metadata())


@blueprint.route("/.well-known/jwks.json", policy="anybody; public keys")
@_described()
def keys() -> Response:
    """The public keys that ID tokens and logout tokens are verified with."""
    return _cached(id_tokens.public_keys(world().core.keys))


@blueprint.route("/oauth/token", methods=["POST"], policy="the client's own codes and tokens")
@_described(400, 401, form=True)
@_in_oauth_words
def token() -> Any:
    """Exchange a code or a refresh token."""
    return server.create_token_response(read_form())


@blueprint.route("/oauth/token", methods=["OPTIONS"], policy="anybody; no content")
@blueprint.response(204)
def token_preflight() -> None:
    """Browsers ask before a script of another site may call."""


@blueprint.route("/oauth/userinfo", methods=["GET", "POST"], policy="the token's own person")
@_described(401)
def userinfo() -> Any:
    """The person behind an access token, as far as that person agreed."""
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    live = grants.live_token(session(), text) if scheme.lower() == "bearer" and text else None
    if live is None:
        said = f' error="{INVALID_TOKEN}"' if text else ""
        response = _json({"error": INVALID_TOKEN}, status=401)
        response.headers["WWW-Authenticate"] = f"Bearer{said}"
        return response
    return _json(claims.userinfo(session(), live))


INVALID_TOKEN = "invalid_token"  # noqa: S105  # an error's name


@blueprint.route("/oauth/userinfo", methods=["OPTIONS"], policy="anybody; no content")
@blueprint.response(204)
def userinfo_preflight() -> None:
    """Browsers ask before a script of another site may call."""


@blueprint.route("/oauth/revoke", methods=["POST"], policy="the client's own tokens")
@_described(400, 401, form=True)
@_in_oauth_words
def revoke() -> Any:
    """Give a token back (RFC 7009)."""
    return server.create_endpoint_response("revocation", read_form())


@blueprint.route("/oauth/introspect", methods=["POST"], policy="the client's own tokens")
@_described(400, 401, form=True)
@_in_oauth_words
def introspect() -> Any:
    """Ask about an access token of one's own (RFC 7662); only confidential clients."""
    return server.create_endpoint_response("introspection", read_form())


@blueprint.after_request
def finish(response: Response) -> Response:
    """Nothing is stored by default; scripts of any site may read what needs no cookie."""
    response.headers.setdefault("Cache-Control", "no-store")
    name = (request.endpoint or "").rpartition(".")[2].removesuffix("_preflight")
    if name in OPEN_TO_SCRIPTS:
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Expose-Headers"] = "WWW-Authenticate"
        if request.method == "OPTIONS":
            response.headers["Access-Control-Allow-Methods"] = "GET, POST"
            response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
            response.headers["Access-Control-Max-Age"] = "600"
    return response


@blueprint.errorhandler(Exception)
def fail(error: Exception) -> Response:
    """Whatever else went wrong, in OAuth's form."""
    if status_of(error) == 500:
        log.error("openid_failed", error=type(error).__name__)
    return oauth_error(error)


def _cached(content: dict[str, Any]) -> Response:
    response = _json(content)
    response.headers["Cache-Control"] = f"public, max-age={KEEP_KEYS}"
    return response


def _json(content: dict[str, Any], status: int = 200) -> Response:
    return current_app.response_class(
        json.dumps(content, ensure_ascii=False), status=status, mimetype="application/json"
    )


def _metadata() -> dict[str, Any]:
    here, methods = issuer(), list(registration.AUTH_METHODS)
    signed = {"_auth_signing_alg_values_supported": proof.ALGORITHMS}
    endpoints = {"token": methods, "revocation": methods, "introspection": CONFIDENTIAL}
    paths = {"token": "token", "revocation": "revoke", "introspection": "introspect"}
    found: dict[str, Any] = {
        "issuer": here,
        "authorization_endpoint": f"{here}/oauth/authorize",
        "userinfo_endpoint": f"{here}/oauth/userinfo",
        "end_session_endpoint": f"{here}/oauth/logout",
        "jwks_uri": f"{here}/.well-known/jwks.json",
        "scopes_supported": list(scopes.SCOPES),
        "claims_supported": list(claims.CLAIMS),
        "acr_values_supported": list(scopes.ACR_VALUES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": [id_tokens.ALGORITHM],
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": sorted(PROMPTS),
        "ui_locales_supported": ["zh-CN", "en"],
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "authorization_response_iss_parameter_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
    }
    for name, accepted in endpoints.items():
        found[f"{name}_endpoint"] = f"{here}/oauth/{paths[name]}"
        found[f"{name}_endpoint_auth_methods_supported"] = accepted
        found |= {f"{name}_endpoint{key}": value for key, value in signed.items()}
    return found
