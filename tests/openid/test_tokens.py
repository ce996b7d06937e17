"""Tokens: what is good where, rotation, giving back, asking about them, and hostile ones."""

import base64
import hmac
import json
import time
from datetime import timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from sqlalchemy import select
from support import recorded

from app.core import clock
from app.core import keys as keyring
from app.core.db import unit_of_work
from app.identity.events import WayInChanged
from app.identity.jobs import text_way_in_changed
from app.identity.openid import id_tokens, proof
from app.identity.openid.models import OpenidGrant
from push.jobs import tell_way_in_changed


@pytest.fixture
def refresh(client):
    """Send a refresh request; returns the answer."""

    def send(site, token, **changed):
        form = {"grant_type": "refresh_token", "refresh_token": token, **changed}
        return client.post("/oauth/token", data=form, headers=site.basic)

    return send


@pytest.fixture
def userinfo(client):
    """The status of userinfo for a token."""

    def ask(token):
        headers = {"Authorization": f"Bearer {token}"}
        return client.get("/oauth/userinfo", headers=headers).status_code

    return ask


OFFLINE = "openid profile offline_access"


def test_without_offline_access_there_is_no_refresh_token(get_tokens, site):
    tokens, _ = get_tokens(site)
    assert "refresh_token" not in tokens


def test_refresh_tokens_rotate_and_a_lost_answer_is_repeated(get_tokens, site, refresh, userinfo):
    tokens, _ = get_tokens(site, scope=OFFLINE)
    first = refresh(site, tokens["refresh_token"]).get_json()
    again = refresh(site, tokens["refresh_token"]).get_json()
    assert first["refresh_token"] != tokens["refresh_token"]
    assert first["refresh_token"] == again["refresh_token"]
    assert userinfo(first["access_token"]) == 200


def test_the_bytes_of_a_refresh_token_are_what_sites_have_stored(get_tokens, site, core, session):
    tokens, _ = get_tokens(site, scope=OFFLINE)
    grant, key = session.scalars(select(OpenidGrant)).one(), core.keys.current("refresh_tokens")
    body = key.kid.encode() + grant.id.bytes + bytes(4)
    seal = hmac.digest(key.secret, b"openid|" + body, "sha256")
    assert tokens["refresh_token"] == f"hbr_{base64.urlsafe_b64encode(body + seal).decode()}"


def test_an_older_refresh_token_ends_the_family(get_tokens, site, refresh, userinfo):
    tokens, _ = get_tokens(site, scope=OFFLINE)
    second = refresh(site, tokens["refresh_token"]).get_json()
    third = refresh(site, second["refresh_token"]).get_json()
    stolen = refresh(site, tokens["refresh_token"])
    assert (stolen.status_code, stolen.get_json()["error"]) == (400, "invalid_grant")
    assert refresh(site, third["refresh_token"]).status_code == 400
    assert userinfo(third["access_token"]) == 401


def test_whose_refresh_token_was_copied_is_told_once_in_the_inbox_and_by_text_message(
    get_tokens, site, refresh, client, session, world
):
    tokens, person = get_tokens(site, scope=OFFLINE)
    second = refresh(site, tokens["refresh_token"]).get_json()
    refresh(site, second["refresh_token"])
    for _ in range(3):
        refresh(site, tokens["refresh_token"])
    (told,) = recorded(session, WayInChanged)
    tell_way_in_changed.run(world, **told)
    (notice,) = client.get("/api/v1/notices", headers=person.headers).get_json()["items"]
    assert (notice["category"], notice["title"]) == ("security", "已停止一个网站的授权凭证")
    sent = []
    world.sms.send = lambda phone, template, parameters: sent.append((phone, parameters[1]))
    text_way_in_changed.run(world, **told)
    assert sent == [(person.phone, "授权网站的凭证被重复使用，已停用")]


def test_another_sites_refresh_token_is_unknown_and_unharmed(get_tokens, site, register, refresh):
    tokens, _ = get_tokens(site, scope=OFFLINE)
    assert refresh(register(), tokens["refresh_token"]).status_code == 400
    assert refresh(site, tokens["refresh_token"]).status_code == 200


def test_our_own_apps_refresh_token_is_none_here_and_the_other_way_round(
    get_tokens, site, refresh, client
):
    tokens, person = get_tokens(site, scope=OFFLINE)
    assert refresh(site, person.refresh_token).status_code == 400
    assert refresh(site, "hbr_" + person.refresh_token).status_code == 400
    inner = tokens["refresh_token"].removeprefix("hbr_")
    for token in (tokens["refresh_token"], inner):
        answer = client.post("/api/v1/auth/sessions/refresh", json={"refresh_token": token})
        assert answer.status_code == 401


def test_scopes_can_be_narrowed_and_never_widened(get_tokens, site, refresh):
    tokens, _ = get_tokens(site, scope=OFFLINE)
    wider = refresh(site, tokens["refresh_token"], scope="openid phone")
    assert wider.get_json()["error"] == "invalid_scope"
    narrow = refresh(site, tokens["refresh_token"], scope="openid").get_json()
    assert narrow["scope"] == "openid"


def test_a_token_given_back_is_good_no_more(get_tokens, site, register, client, userinfo, refresh):
    tokens, _ = get_tokens(site, scope=OFFLINE)

    def revoke(by, token, **more):
        return client.post("/oauth/revoke", data={"token": token, **more}, headers=by.basic)

    stranger = register()
    assert revoke(stranger, tokens["access_token"]).status_code == 200
    assert revoke(stranger, tokens["refresh_token"]).status_code == 200
    assert userinfo(tokens["access_token"]) == 200, "others' tokens are not theirs to end"
    assert revoke(site, tokens["access_token"], token_type_hint="access_token").status_code == 200
    assert userinfo(tokens["access_token"]) == 401
    fresh = refresh(site, tokens["refresh_token"]).get_json()
    assert revoke(site, fresh["refresh_token"]).status_code == 200
    assert userinfo(fresh["access_token"]) == 401
    assert refresh(site, fresh["refresh_token"]).status_code == 400


def test_a_site_may_ask_about_its_own_tokens_only(get_tokens, site, register, client):
    tokens, _ = get_tokens(site)

    def introspect(by):
        data = {"token": tokens["access_token"], "client_id": by.id}
        headers = by.basic if by.secret else {}
        return client.post("/oauth/introspect", data=data, headers=headers)

    told = introspect(site).get_json()
    assert (told["active"], told["client_id"], told["scope"]) == (True, site.id, "openid profile")
    assert introspect(register()).get_json() == {"active": False}
    public = introspect(register(auth_method="none"))
    assert (public.status_code, public.get_json()["error"]) == (400, "unauthorized_client")


def test_access_tokens_end_after_ten_minutes(get_tokens, site, userinfo, monkeypatch):
    tokens, _ = get_tokens(site)
    assert tokens["expires_in"] == 600
    later = clock.now() + timedelta(seconds=601)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert userinfo(tokens["access_token"]) == 401


def test_neither_side_takes_the_others_access_tokens(get_tokens, site, userinfo, client):
    tokens, person = get_tokens(site)
    assert userinfo(person.access_token) == 401
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert client.get("/api/v1/me", headers=headers).status_code == 401


def crafted(tokens, person, site, core):
    """Tokens nobody gave out."""
    good = tokens["access_token"]
    for position in range(0, len(good), 1):
        other = "A" if good[position] != "A" else "B"
        yield good[:position] + other + good[position + 1 :]
    yield from (good + "x", good[:-1], good.upper(), good.swapcase(), good[4:], f" {good}x")
    yield from (tokens["id_token"], tokens["refresh_token"], person.access_token, site.secret)
    none = encoded(b'{"alg":"none"}')
    yield f"{none}.{tokens['id_token'].split('.')[1]}."
    for kind in ("at+jwt", "logout+jwt", "JWT"):
        yield id_tokens.sign(core.keys, kind, {"sub": str(person.actor.citizen_id)})
    yield from ("null", "0", "-1", "[]", "{}", "' OR 1=1 --", "%00", "\u00ff" * 40, "x" * 5_000)
    yield from ("../../etc/passwd", "hba_", "hba_" + "A" * 43, "hbc_" + good[4:], "\ud83d")
    for number in range(25):
        yield f"hba_{base64.urlsafe_b64encode(bytes([number]) * 32).decode().rstrip('=')}"


def test_no_crafted_token_is_accepted_anywhere(get_tokens, site, client, core):
    tokens, person = get_tokens(site, scope=OFFLINE)
    tried, wrong = 0, []
    for token in crafted(tokens, person, site, core):
        header = f"Bearer {token}".encode("utf-8", "replace").decode("latin-1")
        asked = client.get("/oauth/userinfo", headers={"Authorization": header})
        form = {"token": token.encode("utf-8", "replace").decode()}
        told = client.post("/oauth/introspect", data=form, headers=site.basic)
        tried += 1
        if asked.status_code != 401 or told.get_json().get("active") is True:
            wrong.append(token)
        assert told.status_code in (200, 400), token
    print(f"n = {tried} hostile tokens at userinfo and introspection: {len(wrong)} accepted, 0 5xx")
    assert wrong == []
    assert tried > 90


# Clients that sign.


@pytest.fixture
def signer(register):
    """A client with a key of its own: (site, key)."""
    key = ECKey.generate_key("P-256", {"kid": "k1"})
    jwks = {"keys": [key.as_dict(private=False)]}
    return register(auth_method="private_key_jwt", jwks=jwks), key


def assertion(site, key, header=None, **changed):
    """A good client assertion, with changes; None takes a claim away."""
    now = int(time.time())
    good = {
        **{"iss": site.id, "sub": site.id, "aud": "http://127.0.0.1:1"},
        **{"iat": now, "exp": now + 60, "jti": f"{time.monotonic_ns()}"},
    }
    claims = {name: value for name, value in (good | changed).items() if value is not None}
    header = header or {"alg": "ES256", "kid": "k1"}
    return jwt.encode(header, claims, key, ["ES256", "HS256", "RS256", "ES384", "EdDSA"])


def signed(text):
    return {"client_assertion_type": proof.ASSERTION_TYPE, "client_assertion": text}


def test_a_signed_assertion_is_good_once(get_code, signer, client):
    site, key = signer
    code, _ = get_code(site)
    text = assertion(site, key)
    answer = client.post("/oauth/token", data={**site.form(code), **signed(text)})
    assert answer.status_code == 200
    code, _ = get_code(site, person=None)
    again = client.post("/oauth/token", data={**site.form(code), **signed(text)})
    assert (again.status_code, again.get_json()["error"]) == (401, "invalid_client")
    fresh = client.post("/oauth/token", data={**site.form(code), **signed(assertion(site, key))})
    assert fresh.status_code == 200


def encoded(content):
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def with_public_key_as_secret(token, key):
    """What a verifier that lets the token choose the algorithm would take."""
    body = token.split(".")[1]
    text = encoded(json.dumps({"alg": "HS256", "kid": "k1"}).encode()) + "." + body
    return f"{text}.{encoded(hmac.digest(key.as_pem(private=False), text.encode(), 'sha256'))}"


def hostile_assertions(site, key, register):
    now = int(time.time())
    for name, value in (
        *(("iss", "other"), ("sub", "other"), ("aud", "https://other.example"), ("aud", None)),
        *(("exp", now - 120), ("exp", None), ("exp", "soon"), ("exp", True), ("exp", 10**400)),
        *(("iat", now + 600), ("iat", now - 600), ("nbf", now + 600), ("jti", None), ("jti", "")),
        *(("jti", 5), ("jti", "x" * 300), ("aud", {"a": 1}), ("aud", []), ("iss", None)),
    ):
        yield f"{name}={str(value)[:20]}", assertion(site, key, **{name: value})
    yield "ends in an hour, never made", assertion(site, key, iat=None, exp=now + 3_600)
    yield "another key", assertion(site, ECKey.generate_key("P-256", {"kid": "k1"}))
    yield "HS256 with the public key", with_public_key_as_secret(assertion(site, key), key)
    rsa = RSAKey.generate_key(2048)
    yield "RS256", assertion(site, rsa, {"alg": "RS256", "kid": "k1"})
    embedded = {"alg": "ES256", "kid": "k1", "jwk": key.as_dict(private=False)}
    other = ECKey.generate_key("P-256")
    yield "its own key in the header", assertion(site, other, embedded)
    good = assertion(site, key)
    head, body, seal = good.split(".")
    none = encoded(json.dumps({"alg": "none"}).encode())
    yield from (("none", f"{none}.{body}."), ("cut", f"{head}.{body}."), ("two", f"{head}.{body}"))
    yield from (
        ("words", "x"),
        ("dots", "...."),
        ("nothing", ""),
        ("no json", f"{head}.eHg.{seal}"),
    )
    yield "not ascii", "é.é.é"
    yield "mixed up", assertion(register(auth_method="none"), key)


def test_no_forged_assertion_is_accepted(get_code, signer, client, register):
    site, key = signer
    code, _ = get_code(site)
    tried = 0
    for name, text in hostile_assertions(site, key, register):
        answer = client.post("/oauth/token", data={**site.form(code), **signed(text)})
        assert (answer.status_code, answer.get_json()["error"]) == (401, "invalid_client"), name
        tried += 1
    print(f"n = {tried} forged assertions: 0 accepted")
    wrong_type = {**signed(assertion(site, key)), "client_assertion_type": "saml"}
    assert client.post("/oauth/token", data={**site.form(code), **wrong_type}).status_code == 401
    good = {**site.form(code), **signed(assertion(site, key))}
    assert client.post("/oauth/token", data=good).status_code == 200


# Our own keys.


def test_keys_rotate_without_a_break_and_a_killed_one_is_gone(live_core):
    keys, issuer = live_core.keys, "https://huiban.example"

    def published():
        return [key["kid"] for key in id_tokens.public_keys(keys)["keys"]]

    def set_state(kid, state):
        with unit_of_work(live_core) as session:
            session.get(keyring.StoredKey, ("openid_tokens", kid)).state = state

    old = keys.current("openid_tokens").kid
    token = id_tokens.sign(keys, "JWT", {"iss": issuer, "sub": "s", "aud": "c"})
    set_state(old, "previous")
    with unit_of_work(live_core) as session:
        keyring.add_key(session, "openid_tokens", "current")
        keyring.add_key(session, "openid_tokens", "next")
    live_core.load_keys()
    assert len(published()) == 3
    assert keys.current("openid_tokens").kid != old
    assert id_tokens.read_hint(keys, issuer, token).subject == "s"
    set_state(old, "killed")
    live_core.load_keys()
    assert old not in published()
    assert id_tokens.read_hint(keys, issuer, token) is None


def test_the_published_keys_are_public(client, core):
    for key in client.get("/.well-known/jwks.json").get_json()["keys"]:
        assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    answer = client.get("/.well-known/jwks.json")
    assert answer.headers["Cache-Control"] == "public, max-age=60"


@pytest.mark.parametrize(
    ("path", "shared"),
    [
        ("/.well-known/openid-configuration", True),
        ("/.well-known/jwks.json", True),
        ("/oauth/userinfo", True),
        ("/oauth/authorize", False),
        ("/oauth/logout", False),
    ],
)
def test_scripts_of_other_sites_reach_only_what_needs_no_cookie(client, path, shared):
    answer = client.get(path, headers={"Origin": "https://site.example"})
    assert (answer.headers.get("Access-Control-Allow-Origin") == "*") is shared
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_browsers_may_ask_before_a_script_calls(client):
    answer = client.options("/oauth/token")
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (204, "*")
    assert client.options("/oauth/introspect").status_code == 405
