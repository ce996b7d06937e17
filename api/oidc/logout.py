"""Signing out of our pages, asked for by a client (RP-initiated logout) or by the person."""

from dataclasses import dataclass
from urllib.parse import urlencode

from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc6749 import OAuth2Error
from flask import Response, request

from api.blueprints import AudienceBlueprint
from api.context import session, world
from api.errors import language
from api.oidc import browser
from api.oidc.browser import page, see_other
from api.oidc.errors import HTML, page_error
from api.oidc.exchange import read
from api.oidc.server import issuer
from api.oidc.words import WORDS
from app.identity.openid import id_tokens, logins, logout, requests
from app.identity.openid.id_tokens import Hint
from app.identity.openid.models import OpenidClient, OpenidLogin
from app.identity.openid.registration import find_client
from app.identity.openid.subjects import sid

blueprint = AudienceBlueprint("openid_logout", __name__, audience="openid", description="OpenID")
blueprint.register_error_handler(Exception, page_error)

FORM = "logout"
#: What the confirmation carries along.
CARRIED = ("client_id", "post_logout_redirect_uri", "state")
RESPONSES = {"200": HTML, "303": {"description": "Go on"}, "403": HTML}


@dataclass(frozen=True)
class Wish:
    """A logout that was asked for. The client is known when the hint or the id says so."""

    client: OpenidClient | None
    hint: Hint | None
    #: Where to go afterwards, only if it is registered for this client.
    then: str | None
    carried: dict[str, str]


@blueprint.route("/oauth/logout", methods=["GET"], policy="the browser's own sign-in")
@blueprint.doc(responses=RESPONSES)
def ask_logout() -> Response:
    """Sign out; without a valid `id_token_hint` of this very sign-in the person is asked first."""
    wish = _read()
    login = logins.current_login(session(), browser.cookie())
    if login is None:
        return _done(wish)
    if _is_of(wish, login):
        return _sign_out(wish, login)
    return page(
        "logout",
        leads_to=wish.then,
        csrf=browser.token_for(FORM),
        carried=wish.carried,
    )


@blueprint.route("/oauth/logout", methods=["POST"], policy="the browser's own sign-in and form")
@blueprint.doc(responses=RESPONSES)
def do_logout() -> Response:
    """The confirmed form; or a client's own form, which is asked like a link."""
    if "csrf" not in request.form:
        # A form of another site comes without our cookie; the link it is turned into brings it.
        known = (*CARRIED, "id_token_hint")
        asked = {name: request.form[name] for name in known if name in request.form}
        return see_other(f"/oauth/logout?{urlencode(asked)}")
    requests.check_form(browser.cookie(), FORM, request.form["csrf"])
    wish = _read()
    login = logins.current_login(session(), browser.cookie())
    return _done(wish) if login is None else _sign_out(wish, login)


def _read() -> Wish:
    values = request.args if request.method == "GET" else request.form
    try:
        data = read("GET", values).payload.data
    except OAuth2Error:
        data = {}
    text = data.get("id_token_hint")
    hint = id_tokens.read_hint(world().core.keys, issuer(), text) if text else None
    named = data.get("client_id") or (hint.client_id if hint else "")
    client = find_client(session(), named)
    if hint is not None and hint.client_id != named:
        hint = None
    then = data.get("post_logout_redirect_uri")
    registered = client is not None and then in client.post_logout_redirect_uris
    carried = {name: data[name] for name in CARRIED if name in data}
    if client is not None:
        carried["client_id"] = str(client.id)
    if then is not None and registered and "state" in data:
        target: str | None = add_params_to_uri(then, [("state", data["state"])])
    else:
        target = then if registered else None
    return Wish(client, hint, target, carried)


def _is_of(wish: Wish, login: OpenidLogin) -> bool:
    if wish.hint is None or wish.client is None:
        return False
    return wish.hint.sid == sid(session(), wish.client, login.id)


def _sign_out(wish: Wish, login: OpenidLogin) -> Response:
    logout.end_login(session(), login)
    browser.set_cookie("")
    return _done(wish)


def _done(wish: Wish) -> Response:
    if wish.then is not None:
        return see_other(wish.then)
    words = WORDS[language()]
    return page("message", title=words["logout"], text=words["logged_out"], back=None)
