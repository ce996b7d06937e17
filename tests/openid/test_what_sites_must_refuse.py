"""What a site checks in our ID tokens, on Authlib's own checks; and whose tokens it may bring back."""

import base64
import hmac
import json
from datetime import timedelta

import pytest
from authlib.oidc.core.claims import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet
from site_and_browser import answer_of

from app.core import clock
from app.identity.openid import grants, id_tokens


@pytest.fixture
def judge(client):
    """Read an ID token as a site does with what discovery says. Raises what its library raises."""
    told = client.get("/.well-known/openid-configuration").get_json()
    algorithms = told["id_token_signing_alg_values_supported"]
    keys = KeySet.import_key_set(client.get("/.well-known/jwks.json").get_json())

    def run(text, site, nonce="a nonce"):
        token = jwt.decode(text, keys, algorithms=algorithms)
        options = {
            "iss": {"essential": True, "value": told["issuer"]},
            "aud": {"essential": True, "value": site.id},
        }
        expected = {"nonce": nonce, "client_id": site.id}
        claims = CodeIDToken(token.claims, token.header, options, expected)
        claims.validate(now=int(clock.now().timestamp()))
        return claims

    return run


@pytest.mark.parametrize("nonce", ["n", "a nonce", "n" * 500, "é&=+/ %20", "0", "中文"])
def test_the_nonce_comes_back_exactly_as_it_was_asked_for(get_tokens, site, judge, nonce):
    tokens, _ = get_tokens(site, nonce=nonce)
    assert judge(tokens["id_token"], site, nonce)["nonce"] == nonce


def test_without_a_nonce_there_is_none_and_a_site_that_expects_one_refuses(get_tokens, site, judge):
    tokens, _ = get_tokens(site, nonce=None)
    assert "nonce" not in judge(tokens["id_token"], site, nonce=None)
    with pytest.raises(JoseError, match="nonce"):
        judge(tokens["id_token"], site)


@pytest.mark.parametrize("nonce", ["another", "A NONCE", "a nonce ", "a nonc"])
def test_an_id_token_with_another_nonce_is_refused(get_tokens, site, judge, nonce):
    tokens, _ = get_tokens(site)
    with pytest.raises(JoseError, match="nonce"):
        judge(tokens["id_token"], site, nonce)


def test_another_sites_and_an_expired_id_token_are_refused(
    get_tokens, site, register, judge, monkeypatch
):
    tokens, _ = get_tokens(site)
    with pytest.raises(JoseError, match="aud"):
        judge(tokens["id_token"], register())
    later = clock.now() + timedelta(seconds=id_tokens.ID_TOKEN_LIFE + 1)
    monkeypatch.setattr(clock, "now", lambda: later)
    with pytest.raises(JoseError, match="expired"):
        judge(tokens["id_token"], site)


def encoded(content):
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def confused(text, core):
    """The same claims under algorithms that a careless verifier would let the token choose."""
    header = json.loads(base64.urlsafe_b64decode(text.split(".")[0] + "=="))
    body = text.split(".")[1]
    public = ECKey.import_key(id_tokens.public_keys(core.keys)["keys"][0])
    for secret in (public.as_pem(private=False), public.as_der(private=False)):
        signed = f"{encoded({**header, 'alg': 'HS256'})}.{body}"
        seal = base64.urlsafe_b64encode(hmac.digest(secret, signed.encode(), "sha256"))
        yield f"{signed}.{seal.decode().rstrip('=')}"
    yield f"{encoded({**header, 'alg': 'none'})}.{body}."
    own = ECKey.generate_key("P-256")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    yield jwt.encode({**header, "jwk": own.as_dict(private=False)}, claims, own)
    yield jwt.encode({"alg": "ES256"}, claims, own)


def test_no_other_algorithm_and_no_other_key_is_taken(get_tokens, site, judge, core, browser):
    tokens, _ = get_tokens(site)
    tried = 0
    for text in confused(tokens["id_token"], core):
        with pytest.raises(JoseError):
            judge(text, site)
        where = browser.client.get(site.address(id_token_hint=text)).headers["Location"]
        assert answer_of(where)["error"] == "invalid_request"
        tried += 1
    print(f"n = {tried} tokens of another algorithm or key: 0 accepted by a site, 0 by us")


def test_a_site_cannot_ask_for_somebody_by_another_sectors_subject(
    get_tokens, site, register, browser
):
    tokens, person = get_tokens(site)
    elsewhere = register(redirect_uris=["https://other.example/callback"])
    get_tokens(elsewhere, person=person)
    where = browser.client.get(elsewhere.address(id_token_hint=tokens["id_token"]))
    assert answer_of(where.headers["Location"])["error"] == "invalid_request"


def test_whoever_is_not_the_person_a_site_expects_signs_in_first(
    get_tokens, site, browsers, browser, invent
):
    tokens, _ = get_tokens(site)
    mine = browser.open(site.address(id_token_hint=tokens["id_token"], prompt="none"))
    assert "code" in answer_of(mine.headers["Location"])
    other = browsers()
    page = other.sign_in(other.open(site.address()), invent().phone)
    other.agree(page, "profile")
    silent = other.open(site.address(id_token_hint=tokens["id_token"], prompt="none"))
    assert answer_of(silent.headers["Location"])["error"] == "login_required"


def test_a_refresh_token_unused_for_sixty_days_is_refused(get_tokens, site, client, monkeypatch):
    tokens, _ = get_tokens(site, scope="openid offline_access")
    later = clock.now() + grants.REFRESH_LIFE + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    answer = client.post("/oauth/token", data=form, headers=site.basic)
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_grant")
