"""Passkeys of staff: registered by request, good for one's own challenge, never replayed or copied."""

import hashlib
import json

import cbor2
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from staffing import first_sign_in
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

from app.core.ids import new_id

OFFICER = "/api/v1/officer"
PASSKEYS = f"{OFFICER}/me/passkeys"
CHOSEN = "Wu-Chang 2027 tong"


class Authenticator:
    """A security key in software: ES256, no attestation."""

    def __init__(self, origin, rp_id):
        self.origin, self.rp_id, self.count = origin, rp_id, 0
        self.id = new_id().bytes
        self.key = ec.generate_private_key(ec.SECP256R1())

    def data(self, flags):
        self.count += 1
        rp_hash = hashlib.sha256(self.rp_id.encode()).digest()
        return rp_hash + bytes([flags]) + self.count.to_bytes(4, "big")

    def client_data(self, kind, challenge):
        content = {"type": kind, "challenge": challenge, "origin": self.origin}
        return json.dumps(content).encode()

    def create(self, options):
        point = self.key.public_key().public_numbers()
        cose = {
            1: 2,
            3: -7,
            -1: 1,
            -2: point.x.to_bytes(32, "big"),
            -3: point.y.to_bytes(32, "big"),
        }
        held = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + cbor2.dumps(cose)
        attestation = {"fmt": "none", "attStmt": {}, "authData": self.data(0x45) + held}
        made = self.client_data("webauthn.create", options["challenge"])
        return self.credential(made, attestationObject=cbor2.dumps(attestation))

    def get(self, options):
        made = self.client_data("webauthn.get", options["challenge"])
        data = self.data(0x05)
        signed = data + hashlib.sha256(made).digest()
        signature = self.key.sign(signed, ec.ECDSA(hashes.SHA256()))
        return self.credential(made, authenticatorData=data, signature=signature)

    def credential(self, client_data, **response):
        own = bytes_to_base64url(self.id)
        response = {"clientDataJSON": client_data, **response}
        shown = {name: bytes_to_base64url(value) for name, value in response.items()}
        return {"id": own, "rawId": own, "type": "public-key", "response": shown}


@pytest.fixture
def authenticator(core):
    return Authenticator(core.settings.public_url, "127.0.0.1")


@pytest.fixture
def officer(client, invent_officer):
    """An officer who has enrolled one-time passwords."""
    found = invent_officer("case_officer")
    assert first_sign_in(client, found, CHOSEN)[1].status_code == 201
    return found


@pytest.fixture
def registered(client, officer, authenticator):
    begun = client.post(f"{PASSKEYS}/requests", headers=officer.headers).get_json()
    body = {"request": begun["request"], "credential": authenticator.create(begun["options"])}
    answer = client.post(PASSKEYS, json=body, headers=officer.headers)
    assert answer.status_code == 201, answer.json
    return answer.get_json()["id"]


def password(client, officer):
    body = {"login": officer.login, "password": CHOSEN}
    return client.post(f"{OFFICER}/sessions", json=body).get_json()


def second(client, challenge, credential):
    body = {"challenge": challenge, "passkey": credential}
    return client.post(f"{OFFICER}/sessions/second-factor", json=body)


def test_a_passkey_is_a_second_factor(client, officer, registered, authenticator):
    for _ in range(2):
        begun = password(client, officer)
        credential = authenticator.get(begun["passkey"])
        answer = second(client, begun["challenge"], credential)
        assert answer.status_code == 201, answer.json
        assert second(client, begun["challenge"], credential).status_code == 401
    shown = client.get(PASSKEYS, headers=officer.headers).get_json()["items"]
    assert [(each["id"], each["last_used_at"] is None) for each in shown] == [(registered, False)]


def test_an_answer_to_another_challenge_is_refused(client, officer, registered, authenticator):
    first, other = password(client, officer), password(client, officer)
    answer = second(client, other["challenge"], authenticator.get(first["passkey"]))
    assert (answer.status_code, answer.get_json()["code"]) == (401, "second_factor_refused")


def test_a_copied_key_whose_counter_does_not_grow_is_refused(
    client, officer, registered, authenticator
):
    begun = password(client, officer)
    assert (
        second(client, begun["challenge"], authenticator.get(begun["passkey"])).status_code == 201
    )
    authenticator.count -= 1
    begun = password(client, officer)
    assert (
        second(client, begun["challenge"], authenticator.get(begun["passkey"])).status_code == 401
    )


@pytest.mark.parametrize("lie", ["origin", "rp_id", "key", "id"])
def test_another_page_key_or_party_is_refused(client, officer, registered, authenticator, lie):
    stranger = Authenticator("https://huiban.example.net", "huiban.example.net")
    begun = password(client, officer)
    setattr(authenticator, lie, getattr(stranger, lie))
    answer = second(client, begun["challenge"], authenticator.get(begun["passkey"]))
    assert answer.status_code == 401


def test_a_removed_or_reset_passkey_is_nothing(
    client, officer, registered, authenticator, invent_officer
):
    begun = password(client, officer)
    gone = client.delete(f"{PASSKEYS}/{registered}", headers=officer.headers)
    assert gone.status_code == 204
    assert (
        second(client, begun["challenge"], authenticator.get(begun["passkey"])).status_code == 401
    )
    assert password(client, officer)["passkey"] is None


def test_a_request_is_good_once_and_for_its_own_officer(
    client, officer, registered, authenticator, invent_officer
):
    begun = client.post(f"{PASSKEYS}/requests", headers=officer.headers).get_json()
    body = {"request": begun["request"], "credential": authenticator.create(begun["options"])}
    other = invent_officer()
    for headers in (other.headers, officer.headers):
        # The officer's own: this very passkey is registered already.
        answer = client.post(PASSKEYS, json=body, headers=headers)
        assert (answer.status_code, answer.get_json()["code"]) == (422, "passkey_refused")
    challenge = {"challenge": begun["request"], "otp": "123456"}
    answer = client.post(f"{OFFICER}/sessions/second-factor", json=challenge)
    assert answer.status_code == 401, "a request to register is no password step"


def test_hostile_credentials_are_refused_without_failing(
    client, officer, registered, authenticator
):
    begun = client.post(f"{PASSKEYS}/requests", headers=officer.headers).get_json()
    good = authenticator.create(begun["options"])
    bomb = bytes_to_base64url(b"\x9f" * 8_000)
    raw = base64url_to_bytes(good["response"]["attestationObject"])
    broken = [bytes_to_base64url(raw[:cut] + b"\xff" + raw[cut + 1 :]) for cut in range(0, 60, 3)]
    tried = 0
    for attestation in ("", "AA", bomb, *broken):
        changed = {**good, "response": {**good["response"], "attestationObject": attestation}}
        body = {"request": begun["request"], "credential": changed}
        answer = client.post(PASSKEYS, json=body, headers=officer.headers)
        assert answer.status_code in (201, 422), answer.json
        tried += 1
    for credential in ({}, {"id": 7}, {"id": good["id"]}, {**good, "response": []}):
        begun = password(client, officer)
        assert second(client, begun["challenge"], credential).status_code == 401
        tried += 1
    too_long = second(client, begun["challenge"], {"id": "x" * 20_000})
    assert too_long.status_code == 422
    print(f"\nn = {tried} hostile credentials, none failed")


def test_exactly_one_second_factor_is_given(client, officer):
    begun = password(client, officer)
    for body in ({}, {"otp": "123456", "passkey": {}}):
        answer = client.post(
            f"{OFFICER}/sessions/second-factor", json={"challenge": begun["challenge"], **body}
        )
        assert answer.status_code == 422
