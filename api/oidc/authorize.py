"""Signing somebody in for a client: the request, and our pages until it can be answered."""

import uuid
from typing import Any
from urllib.parse import urlencode

from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error
from flask import Response, request

from api.blueprints import AudienceBlueprint
from api.context import session, world
from api.errors import language
from api.oidc import browser, steps
from api.oidc.browser import page, see_other
from api.oidc.errors import HTML, page_error
from api.oidc.exchange import ProviderRequest, read
from api.oidc.server import NOT_SUPPORTED, issuer, server
from api.oidc.words import WORDS
from app.identity.openid import deciding, id_tokens, requests
from app.identity.openid.deciding import Ready
from app.identity.openid.requests import Source, Waiting

blueprint = AudienceBlueprint("openid_pages", __name__, audience="openid", description="OpenID")

blueprint.register_error_handler(Exception, page_error)

CONTINUE = "/oauth/continue/<uuid:request_id>"
#: What is read of a request; all else is ignored, as the standard demands.
READ = frozenset({*requests.KNOWN, *NOT_SUPPORTED, "response_mode"})
RESPONSES = {"200": HTML, "303": {"description": "Go on"}, "400": HTML, "404": HTML, "429": HTML}


@blueprint.route("/oauth/authorize", methods=["GET", "POST"], policy="any valid client's request")
@blueprint.doc(responses=RESPONSES)
def authorize() -> Response:
    """Where a client sends a person (authorisation code flow with PKCE, S256)."""
    if request.method == "POST":
        # A form of another site comes without our cookie; the link it is turned into brings it.
        given = [each for each in request.form.items(multi=True) if each[0] in READ]
        return see_other(f"/oauth/authorize?{urlencode(given)}")
    try:
        asked = read("GET", request.args)
        if {"client_id", "redirect_uri"} & asked.repeated:
            raise InvalidRequestError
        grant = server.get_consent_grant(asked)
        _resolve_hint(asked, grant.redirect_uri)
    except OAuth2Error as error:
        return _refuse(error)
    source = Source(browser.cookie_or_new(), request.remote_addr or "unknown")
    row_id = requests.keep(session(), grant.request.client.row, source, asked.payload.data)
    return see_other(f"/oauth/continue/{row_id}")


@blueprint.route(CONTINUE, methods=["GET"], policy="the request's own browser")
@blueprint.doc(responses=RESPONSES)
def show_step(request_id: uuid.UUID) -> Response:
    """The next page for this person, or the answer to the client."""
    waiting = requests.resume(session(), request_id, browser.cookie())
    step = deciding.next_step(session(), waiting, browser.cookie())
    if isinstance(step, Ready):
        return _answer(waiting, step)
    if "none" in waiting.wish.prompt:
        return _decline(waiting, deciding.SILENT_ERRORS[type(step)])
    return steps.show(waiting, step)


@blueprint.route(CONTINUE, methods=["POST"], policy="the request's own browser and form")
@blueprint.doc(responses=RESPONSES)
def take_step(request_id: uuid.UUID) -> Response:
    """What somebody filled in or pressed on our page."""
    form, here = request.form, f"/oauth/continue/{request_id}"
    waiting = requests.resume(session(), request_id, browser.cookie())
    requests.check_form(browser.cookie(), str(request_id), form.get("csrf", ""))
    if form.get("step") == "refuse":
        return _decline(waiting, "access_denied")
    wrong = steps.take(waiting, form)
    return wrong if wrong is not None else see_other(here)


def _resolve_hint(asked: ProviderRequest, redirect_uri: str) -> None:
    """Put the subject in the place of an ID token of ours that names the person expected."""
    data = asked.payload.data
    text = data.pop("id_token_hint", None)
    if text is None:
        return
    hint = id_tokens.read_hint(world().core.keys, issuer(), text)
    if hint is None or hint.client_id != data["client_id"]:
        raise InvalidRequestError(
            "The id_token_hint is not valid.", redirect_uri=redirect_uri, state=data.get("state")
        )
    data["id_token_hint"] = hint.subject


def _answer(waiting: Waiting, ready: Ready) -> Response:
    """The code, by way of Authlib, which checks the kept request once more."""
    kept = ProviderRequest("GET", waiting.parameters, frozenset())
    try:
        grant = server.get_authorization_grant(kept)
    except OAuth2Error as error:
        return _refuse(error)
    response: Response = server.create_authorization_response(kept, (waiting, ready), grant)
    return response


def _decline(waiting: Waiting, name: str) -> Response:
    requests.finish(waiting)
    error = OAuth2Error(
        error=name,
        redirect_uri=waiting.wish.redirect_uri,
        state=waiting.parameters.get("state"),
    )
    return _refuse(error)


def _refuse(error: OAuth2Error) -> Response:
    """Tell the client, if it is certain where it is; else the person. Never redirect on a guess."""
    if error.redirect_uri is None:
        words = WORDS[language()]
        return page(
            "message", status=400, title=words["wrong"], text=words["wrong_client"], back=None
        )
    params: list[tuple[str, Any]] = [*error.get_body(), ("iss", issuer())]
    return see_other(add_params_to_uri(error.redirect_uri, params))
