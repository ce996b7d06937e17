"""Signing out, being told of it, and taking consent back."""

import uuid
from urllib.parse import urlencode

import jwt as pyjwt
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from site_and_browser import forget_texts, text_of
from sqlalchemy import select, text

from app.core.db import unit_of_work
from app.core.types import Actor
from app.identity.openid import id_tokens, logout
from app.identity.openid.errors import ClientNotValid
from app.identity.openid.models import OpenidLogoutNotice
from app.identity.openid.registration import NewClient, register_client

BYE = "https://site.example/bye"
TOLD = "https://site.example/told"


@pytest.fixture
def leaving(register):
    """A site that wants to be told of logouts."""
    return register(post_logout_redirect_uris=[BYE], backchannel_logout_uri=TOLD)


def is_live(client, tokens):
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    return client.get("/oauth/userinfo", headers=headers).status_code == 200


def logout_address(**parameters):
    return f"/oauth/logout?{urlencode(parameters)}"


def test_a_site_signs_its_person_out_without_a_question(browser, leaving, get_tokens, client):
    tokens, _ = get_tokens(leaving)
    address = logout_address(
        id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE, state="s & t"
    )
    answer = browser.client.get(address)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{BYE}?state=s+%26+t")
    assert not is_live(client, tokens), "what was given to a browser ends with it"
    assert 'name="phone"' in browser.open(leaving.address()).get_data(as_text=True)


def test_signing_in_anew_in_a_browser_goes_on_with_the_sign_in_that_sites_know(
    leaving, get_tokens, core, browser, client
):
    first, person = get_tokens(leaving)
    forget_texts(core)
    again, _ = get_tokens(leaving, person=person, prompt="login")
    sids = {
        pyjwt.decode(tokens["id_token"], options={"verify_signature": False})["sid"]
        for tokens in (first, again)
    }
    assert len(sids) == 1
    browser.client.get(logout_address(id_token_hint=first["id_token"]))
    assert not any(is_live(client, tokens) for tokens in (first, again))


def test_somebody_else_who_signs_in_in_the_same_browser_ends_what_sites_had(
    leaving, get_tokens, core, session, client, invent
):
    tokens, _ = get_tokens(leaving)
    get_tokens(leaving, person=invent(), prompt="login")
    assert not is_live(client, tokens)
    assert session.scalars(select(OpenidLogoutNotice)).one().login_id is not None


def test_offline_access_outlives_the_browser(browser, leaving, get_tokens, client):
    tokens, _ = get_tokens(leaving, scope="openid offline_access")
    browser.client.get(logout_address(id_token_hint=tokens["id_token"]))
    assert is_live(client, tokens)


def hints(tokens, core, other):
    """ID tokens that do not prove that it is this very sign-in of this very site."""
    claims = pyjwt.decode(tokens["id_token"], options={"verify_signature": False})
    header = {"kid": pyjwt.get_unverified_header(tokens["id_token"])["kid"]}
    head, body, seal = tokens["id_token"].split(".")
    public = id_tokens.public_keys(core.keys)["keys"][0]["x"].encode()
    yield "none", pyjwt.encode(claims, None, "none", headers=header)
    yield "HS256", pyjwt.encode(claims, public, "HS256", headers=header)
    yield "no seal", f"{head}.{body}."
    yield "changed", f"{head}.{body[:-2]}AA.{seal}"
    yield "another browser", other["id_token"]
    yield "another kind", id_tokens.sign(core.keys, "logout+jwt", claims)
    yield "another issuer", id_tokens.sign(core.keys, "JWT", {**claims, "iss": "https://other"})
    yield "another site", id_tokens.sign(core.keys, "JWT", {**claims, "aud": str(uuid.uuid4())})
    yield "no sid", id_tokens.sign(core.keys, "JWT", {**claims, "sid": None})
    yield "words", "x.y.z"


def test_without_a_valid_hint_the_person_is_asked(browser, leaving, get_tokens, core, client):
    other, _ = get_tokens(leaving)
    browser.client.delete_cookie("huiban_openid")
    tokens, _ = get_tokens(leaving)
    tried = 0
    for name, hint in hints(tokens, core, other):
        page = browser.client.get(logout_address(id_token_hint=hint, post_logout_redirect_uri=BYE))
        assert page.status_code == 200, name
        assert "是否退出" in text_of(page), name
        tried += 1
    assert is_live(client, tokens)
    print(f"n = {tried} hints that prove nothing: 0 signed out")
    page = browser.open(logout_address(client_id=leaving.id, post_logout_redirect_uri=BYE))
    answer = browser.press(page, "yes", client_id=leaving.id, post_logout_redirect_uri=BYE)
    assert answer.headers["Location"] == BYE
    assert not is_live(client, tokens)


@pytest.mark.parametrize("uri", [f"{BYE}/", "https://evil.example", f"{BYE}?x", "javascript:x"])
def test_after_signing_out_nobody_is_sent_to_an_unregistered_address(
    browser, leaving, get_tokens, uri
):
    tokens, _ = get_tokens(leaving)
    address = logout_address(id_token_hint=tokens["id_token"], post_logout_redirect_uri=uri)
    page = browser.client.get(address)
    assert page.status_code == 200
    assert "您已退出登录" in text_of(page)


def test_another_site_cannot_sign_somebody_out_by_a_form(browser, leaving, get_tokens, client):
    tokens, _ = get_tokens(leaving)
    for data in ({"csrf": ""}, {"csrf": "0" * 64}):
        assert browser.client.post("/oauth/logout", data=data).status_code == 403
    turned = browser.client.post("/oauth/logout", data={"client_id": leaving.id})
    assert turned.headers["Location"] == f"/oauth/logout?client_id={leaving.id}"
    assert is_live(client, tokens)


def test_sites_are_told_by_a_token_of_its_own_kind(browser, leaving, get_tokens, session, client):
    tokens, _ = get_tokens(leaving)
    browser.client.get(logout_address(id_token_hint=tokens["id_token"]))
    notice = session.scalars(select(OpenidLogoutNotice)).one()
    jobs = text("SELECT args FROM procrastinate_jobs WHERE task_name = 'openid.tell_logout'")
    assert session.scalars(jobs).all() == [{"notice_id": str(notice.id)}]
    keys = KeySet.import_key_set(client.get("/.well-known/jwks.json").get_json())
    token = jwt.decode(logout.logout_token(session, "i", notice), keys, algorithms=["ES256"])
    mine = pyjwt.decode(tokens["id_token"], options={"verify_signature": False})
    assert token.header["typ"] == "logout+jwt"
    assert (token.claims["sub"], token.claims["sid"]) == (mine["sub"], mine["sid"])
    assert list(token.claims["events"]) == [logout.EVENT]
    assert "nonce" not in token.claims


# Consent.


def test_my_sites_are_listed_and_consent_is_taken_back(get_tokens, leaving, client, browser):
    tokens, person = get_tokens(leaving)
    listed = client.get("/api/v1/me/connected-apps", headers=person.headers).get_json()["items"]
    assert [(item["name"], item["scopes"]) for item in listed] == [
        ("武汉测试站", ["openid", "profile"])
    ]
    path = f"/api/v1/me/connected-apps/{leaving.id}"
    assert client.delete(path, headers=person.headers).status_code == 204
    assert not is_live(client, tokens)
    assert client.delete(path, headers=person.headers).status_code == 404
    assert "申请获取" in text_of(browser.open(leaving.address()))


def test_others_consents_are_unknown(get_tokens, leaving, client, invent):
    tokens, _ = get_tokens(leaving)
    stranger = invent()
    mine = client.get("/api/v1/me/connected-apps", headers=stranger.headers).get_json()["items"]
    foreign = client.delete(f"/api/v1/me/connected-apps/{leaving.id}", headers=stranger.headers)
    unknown = client.delete(f"/api/v1/me/connected-apps/{uuid.uuid4()}", headers=stranger.headers)
    assert (mine, foreign.status_code, unknown.status_code) == ([], 404, 404)
    assert is_live(client, tokens)


# The registry.


@pytest.mark.parametrize(
    "changed",
    [
        {"name": " "},
        {"redirect_uris": []},
        {"redirect_uris": ["https://site.example/cb#x"]},
        {"redirect_uris": ["https://*.site.example/cb"]},
        {"redirect_uris": ["https://user@site.example/cb"]},
        {"redirect_uris": ["http://site.example/cb"]},
        {"redirect_uris": ["javascript:alert(1)"]},
        {"redirect_uris": ["com.example.app:/cb"]},
        {"redirect_uris": ["https://a.example/cb", "https://b.example/cb"]},
        {"sector": "https://site.example"},
        {"scopes": ["openid", "everything"]},
        {"auth_method": "client_secret_post"},
        {"auth_method": "private_key_jwt"},
        {"auth_method": "private_key_jwt", "jwks": {"keys": []}},
        {"auth_method": "private_key_jwt", "jwks": {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}},
        {"jwks": {"keys": [{"kty": "EC"}]}},
        {"backchannel_logout_uri": "https://internal.example/logout"},
        {"backchannel_logout_uri": "http://169.254.169.254/"},
        {"post_logout_redirect_uris": ["http://site.example/bye"]},
    ],
)
def test_a_client_that_is_not_valid_is_not_registered(core, changed):
    values = {"name": "站", "department": "局", "redirect_uris": ["https://site.example/cb"]}
    with unit_of_work(core) as session, pytest.raises(ClientNotValid):
        register_client(session, Actor("system"), NewClient(**{**values, **changed}))


def test_a_private_key_is_never_taken(core):
    private = ECKey.generate_key("P-256").as_dict(private=True)
    new = NewClient(
        name="站",
        department="局",
        redirect_uris=["https://site.example/cb"],
        auth_method="private_key_jwt",
        jwks={"keys": [private]},
    )
    with unit_of_work(core) as session, pytest.raises(ClientNotValid):
        register_client(session, Actor("system"), new)


def test_registering_is_audited_and_the_secret_is_stored_as_a_digest(site, session):
    acts = session.execute(text("SELECT action, object_id FROM audit_rows")).all()
    assert ("openid.client_registered", site.row.id) in acts
    stored = session.scalar(text("SELECT t::text FROM openid_clients t"))
    assert site.secret not in stored
