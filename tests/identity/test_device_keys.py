"""A device that gave its key must sign each refresh; a stolen token alone is worth nothing."""

import base64
import hashlib
from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import select

from app.core import clock
from app.identity import login_codes
from app.identity.device_keys import TYPE
from app.identity.models import LoginCode, SessionFamily

SESSIONS = "/api/v1/auth/sessions"
PHONE = "19911116001"


@pytest.fixture
def enter(client, session):
    """Sign a device in with this public key: `enter(public_key)`, with `platform` if it is not iOS."""

    def send(public_key, platform="ios"):
        asked = client.post("/api/v1/auth/codes", json={"phone": PHONE, "purpose": "login"})
        assert asked.status_code == 202
        row = session.scalars(select(LoginCode)).one()
        device = {"id": "d1", "name": "手机", "platform": platform, "public_key": public_key}
        body = {"phone": PHONE, "code": login_codes.derive(session, row), "device": device}
        return client.post(SESSIONS, json=body, headers={"Origin": "http://127.0.0.1:1"})

    return send


@pytest.fixture
def refresh(client):
    def send(token, proof=None):
        return client.post(f"{SESSIONS}/refresh", json={"refresh_token": token, "proof": proof})

    return send


def spki(key):
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def sign(key, token, algorithm="ES256", **changes):
    digest = hashlib.sha256(token.encode()).digest()
    claims = {"rth": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), **changes}
    return jwt.encode(claims, key, algorithm, headers={"typ": TYPE})


@pytest.fixture
def key():
    return ec.generate_private_key(ec.SECP256R1())


def test_a_device_that_signs_refreshes_again_and_again(enter, refresh, key):
    token = enter(spki(key)).get_json()["refresh_token"]
    for _ in range(3):
        answer = refresh(token, sign(key, token))
        assert answer.status_code == 200
        assert answer.get_json()["refresh_token"] != token
        token = answer.get_json()["refresh_token"]


def test_a_lost_answer_is_repeated_to_the_same_device_only(enter, refresh, key):
    token = enter(spki(key)).get_json()["refresh_token"]
    first = refresh(token, sign(key, token)).get_json()["refresh_token"]
    assert refresh(token, sign(key, token)).get_json()["refresh_token"] == first
    assert refresh(token).status_code == 401


def hostile_proofs(key, token, older):
    other = ec.generate_private_key(ec.SECP256R1())
    public = base64.b64decode(spki(key))
    good = sign(key, token)
    head, body, seal = good.split(".")
    yield "none at all", None
    yield "another device's key", sign(other, token)
    yield "for the token before", sign(key, older)
    yield "another curve", sign(ec.generate_private_key(ec.SECP384R1()), token, "ES384")
    yield "no algorithm", sign(None, token, "none")
    yield "the public key as a secret", sign(hashlib.sha256(public).digest(), token, "HS256")
    yield (
        "another type",
        jwt.encode(jwt.decode(good, options={"verify_signature": False}), key, "ES256"),
    )
    yield "more claims", sign(key, token, iat=1)
    yield "no digest", jwt.encode({}, key, "ES256", headers={"typ": TYPE})
    yield "a number for a digest", sign(key, token, rth=1)
    yield "words beyond ASCII", sign(key, token, rth="汇办")
    yield "no seal", f"{head}.{body}."
    yield "two parts", f"{head}.{body}"
    yield "the token itself", token
    yield (
        "its own key in the head",
        jwt.encode({"rth": "x"}, other, "ES256", headers={"typ": TYPE, "jwk": {"kty": "EC"}}),
    )
    yield "a changed seal", f"{head}.{body}.{'A' if seal[0] != 'A' else 'B'}{seal[1:]}"


def test_without_the_devices_signature_a_token_neither_refreshes_nor_ends_the_session(
    enter, refresh, key, session
):
    older = enter(spki(key)).get_json()["refresh_token"]
    token = refresh(older, sign(key, older)).get_json()["refresh_token"]
    tried = 0
    for name, proof in hostile_proofs(key, token, older):
        answer = refresh(token, proof)
        assert (answer.status_code, answer.get_json()["code"]) == (401, "token_refused"), name
        tried += 1
    print(f"n = {tried} hostile proofs, 0 accepted")
    assert session.scalars(select(SessionFamily.ended_at)).one() is None
    assert refresh(token, sign(key, token)).status_code == 200


def test_the_devices_own_old_token_still_kills_the_family(
    enter, refresh, key, session, monkeypatch
):
    older = enter(spki(key)).get_json()["refresh_token"]
    token = refresh(older, sign(key, older)).get_json()["refresh_token"]
    later = clock.now() + timedelta(minutes=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    # A thief without the key cannot sign the owner out with it …
    assert refresh(older).status_code == 401
    assert session.scalars(select(SessionFamily.ended_at)).one() is None
    # … while a copy of the whole device is found out.
    assert refresh(older, sign(key, older)).status_code == 401
    assert session.scalars(select(SessionFamily.ended_because)).one() == "reuse"
    assert refresh(token, sign(key, token)).status_code == 401


@pytest.mark.parametrize(
    "public_key",
    [
        "junk",
        "-----BEGIN PUBLIC KEY----- AAAA -----END PUBLIC KEY-----",
        spki(ec.generate_private_key(ec.SECP384R1())),
        spki(rsa.generate_private_key(65_537, 2_048)),
        "汇办",
    ],
    ids=["junk", "PEM", "P-384", "RSA", "beyond ASCII"],
)
def test_a_key_that_is_not_p_256_is_refused_and_the_code_stays_good(enter, public_key, session):
    answer = enter(public_key)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid_input")
    assert "device" in answer.get_json()["errors"]
    assert session.scalars(select(LoginCode.used_at)).one() is None


def test_a_web_page_gives_no_key_because_its_token_is_a_cookie(enter, key):
    assert enter(spki(key), platform="h5").status_code == 422


def test_a_device_without_a_key_needs_no_proof(enter, refresh):
    token = enter(None).get_json()["refresh_token"]
    assert refresh(token).status_code == 200
