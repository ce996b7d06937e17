"""The code's text: what we write, what we accept, and the vectors others test themselves against."""

import json
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import cbor2
import code_vectors as by_hand
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from healthcode import base45, token
from healthcode.token import Claims, CodeRefused

KEY = Ed25519PrivateKey.from_private_bytes(by_hand.SEED)
NOW = datetime.fromtimestamp(by_hand.ISSUED + 1, UTC)
CLAIMS = Claims(
    status_id=uuid.UUID(bytes=by_hand.STATUS),
    colour="green",
    issued_at=datetime.fromtimestamp(by_hand.ISSUED, UTC),
    expires_at=datetime.fromtimestamp(by_hand.ISSUED + by_hand.LIFE, UTC),
)


def find_key(kid):
    return KEY.public_key() if kid == by_hand.KID else None


def refusal(text, now=NOW):
    with pytest.raises(CodeRefused) as caught:
        token.verify(text, find_key, now)
    return caught.value.reason


def test_a_code_says_what_was_signed():
    assert token.verify(token.sign(CLAIMS, by_hand.KID, KEY), find_key, NOW) == CLAIMS


def test_a_code_has_183_characters_of_the_qr_alphabet():
    text = token.sign(CLAIMS, by_hand.KID, KEY)
    assert len(text) == 183
    assert set(text) <= set(base45.ALPHABET)


def test_the_published_vectors_are_the_ones_built_by_hand():
    assert by_hand.FILE.read_text() == by_hand.as_text()


VECTORS = json.loads(by_hand.FILE.read_text())


@pytest.mark.parametrize("vector", VECTORS["accept"], ids=lambda vector: vector["name"])
def test_our_signer_and_verifier_agree_with_the_vector(vector):
    claims = replace(CLAIMS, colour=vector["claims"]["colour"])
    assert token.sign(claims, by_hand.KID, KEY) == vector["code"]
    now = datetime.fromtimestamp(vector["now"], UTC)
    assert token.verify(vector["code"], find_key, now) == claims


@pytest.mark.parametrize("vector", VECTORS["accept"], ids=lambda vector: vector["name"])
def test_a_general_cbor_decoder_reads_the_vector_as_cose_sign1(vector):
    message = cbor2.loads(bytes.fromhex(vector["cose_hex"]))
    assert message.tag == 18
    protected, unprotected, payload, signature = message.value
    assert cbor2.loads(protected) == {1: -8, 4: by_hand.KID.encode()}
    assert unprotected == {}
    said = vector["claims"]
    colour = ("green", "yellow", "red").index(said["colour"])
    expected = {4: said["exp"], 6: said["iat"], 7: bytes.fromhex(said["cti_hex"]), "c": colour}
    assert cbor2.loads(payload) == expected
    signed = cbor2.dumps(["Signature1", protected, b"", payload])
    assert signed.hex() == vector["to_be_signed_hex"]
    KEY.public_key().verify(signature, signed)


@pytest.mark.parametrize("vector", VECTORS["refuse"], ids=lambda vector: vector["name"])
def test_the_vector_is_refused_for_its_reason(vector):
    now = datetime.fromtimestamp(vector["now"], UTC)
    assert refusal(vector["code"], now) == vector["reason"]


def test_a_clock_one_minute_ahead_is_tolerated_and_no_more():
    text = token.sign(CLAIMS, by_hand.KID, KEY)
    assert token.verify(text, find_key, CLAIMS.issued_at - timedelta(seconds=60))
    assert refusal(text, CLAIMS.issued_at - timedelta(seconds=61)) == "expired"


def test_a_code_is_good_until_its_last_second_and_no_longer():
    text = token.sign(CLAIMS, by_hand.KID, KEY)
    assert token.verify(text, find_key, CLAIMS.expires_at - timedelta(microseconds=1))
    assert refusal(text, CLAIMS.expires_at) == "expired"


def test_a_signature_is_judged_before_the_claims_are_read():
    stranger = by_hand.cose(by_hand.claims(3), seed=by_hand.OTHER_SEED)
    assert refusal(by_hand.code(stranger)) == "bad_signature"


def test_a_killed_key_looks_unknown():
    text = token.sign(CLAIMS, by_hand.KID, KEY)
    with pytest.raises(CodeRefused, match="unknown_key"):
        token.verify(text, lambda kid: None, NOW)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"AB", "BB8"),
        (b"Hello!!", "%69 VD92EX0"),
        (b"base-45", "UJCLQE7W581"),
        (b"ietf!", "QED8WEX0"),
        (b"", ""),
    ],
)
def test_base45_agrees_with_the_examples_of_rfc_9285(data, text):
    assert base45.encode(data) == text
    assert base45.decode(text) == data


@pytest.mark.parametrize(
    "text", ["GGW", ":::", "::", "A", "BB8A", "bb8", "BB8\n", "BB８", "B\tB", "5Z"]
)
def test_base45_refuses_what_it_does_not_write(text):
    with pytest.raises(ValueError, match="Base45"):
        base45.decode(text)


@given(st.binary(max_size=200))
def test_base45_gives_back_what_it_was_given(data):
    assert base45.decode(base45.encode(data)) == data


@given(st.text(alphabet=base45.ALPHABET, max_size=60))
def test_every_base45_text_is_refused_or_the_only_spelling(text):
    try:
        data = base45.decode(text)
    except ValueError:
        return
    assert base45.encode(data) == text


@given(st.uuids(), st.sampled_from(token.COLOURS), st.integers(1, 86_400))
def test_any_claims_survive_the_way_through_the_text(status_id, colour, life):
    claims = replace(
        CLAIMS,
        status_id=status_id,
        colour=colour,
        expires_at=CLAIMS.issued_at + timedelta(seconds=life),
    )
    text = token.sign(claims, by_hand.KID, KEY)
    assert token.verify(text, find_key, CLAIMS.issued_at) == claims
