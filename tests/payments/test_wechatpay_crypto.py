"""Signatures and encryption against WeChat's own published notify and another maker's SDK."""

import base64
import json
import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from wechat_sender import Sender, dump
from wechatpayv3 import utils as sdk
from wechatpayv3.core import Core as SdkCore

from app.core import clock
from app.payments.providers.base import Unverified
from app.payments.providers.registry import providers
from app.payments.providers.wechatpay import WechatPay
from app.payments.providers.wechatpay_crypto import PlatformKey, Signed, decrypt, sign, verify
from app.payments.providers.wechatpay_merchants import load_merchants
from app.settings import SettingsError
from scripts.environment import ROOT, stub_keys

VECTOR = ROOT.parent / "shared" / "vectors" / "wechatpay_v3_notify_go.json"


@pytest.fixture
def folder(parties_keys, home) -> Path:
    return stub_keys(home)


@pytest.fixture
def merchants(folder):
    return load_merchants(folder / "merchants.json", production=False)


@pytest.fixture
def adapter(merchants):
    made = WechatPay("http://127.0.0.1:9", "http://127.0.0.1:9/callbacks", merchants, waiters=1)
    yield made
    made.close()


@pytest.fixture
def published():
    if not VECTOR.exists():
        pytest.skip("the published notify of WeChat's Go SDK is not part of this repository")
    return json.loads(VECTOR.read_text())


def reason(act, *arguments) -> str:
    with pytest.raises(Unverified) as refused:
        act(*arguments)
    return refused.value.reason


def test_the_published_notify_of_wechats_go_sdk_verifies_and_decrypts(published):
    certificate = x509.load_pem_x509_certificate(published["platform_certificate_pem"].encode())
    serial = published["headers"]["Wechatpay-Serial"]
    assert int(serial, 16) == certificate.serial_number
    keys = {serial: PlatformKey(certificate.public_key())}
    headers = {k: v for k, v in published["headers"].items() if k != "Wechatpay-Signature-Type"}
    body, then = published["body"].encode(), datetime.fromtimestamp(1_624_523_846, UTC)
    verify(Signed.of(headers), body, keys, then)
    # Its key has 16 bytes, though the label says AES-256; our merchants file never takes such a key.
    key = published["api_v3_key"].encode()
    assert len(key) == 16
    plain = decrypt(json.loads(body)["resource"], key)
    assert plain.decode() == published["expected_plaintext"]
    assert reason(verify, Signed.of(headers), body + b" ", keys, then) == "wrong_signature"
    for seconds in (300, -300, 86_400):
        moment = then + timedelta(seconds=seconds)
        assert reason(verify, Signed.of(headers), body, keys, moment) == "stale"
    for seconds in (299, -299):
        verify(Signed.of(headers), body, keys, then + timedelta(seconds=seconds))


def test_a_notify_signed_by_another_makers_sdk_verifies(folder, adapter):
    sender = Sender.towards(folder, "medical")
    body = dump(sender.event(sender.resource(sender.transaction("HB123456", 100))))
    at, nonce = str(int(clock.now().timestamp())), secrets.token_hex(16)
    signature = sdk.rsa_sign(sender.key, f"{at}\n{nonce}\n{body.decode()}\n")
    headers = {
        "Wechatpay-Timestamp": at,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Serial": sender.serial,
        "Wechatpay-Signature": signature,
    }
    message = adapter.read("medical", headers, body)
    assert message.payment.out_trade_no == "HB123456"
    assert message.payment.amount == 100


def test_another_makers_sdk_reads_our_notifies_as_we_do(folder, merchants, adapter):
    sender = Sender.towards(folder, "social", "public_key")
    merchant = merchants["social"]
    file = next(
        each
        for each in json.loads((folder / "merchants.json").read_text())["merchants"]
        if each["merchant_ref"] == "social"
    )
    public = (folder / "platform" / "pub_key.pem").read_text()
    theirs = SdkCore(
        mchid=merchant.mchid,
        cert_serial_no=merchant.certificate_serial,
        private_key=(folder / file["private_key_file"]).read_text(),
        apiv3_key=merchant.apiv3_key.decode(),
        public_key=public,
        public_key_id=sender.serial,
    )
    headers, body = sender.notify(sender.transaction("HB123456", 100))
    read = theirs.callback(headers, body)
    message = adapter.read("social", headers, body)
    assert read["resource"] == json.loads(message.body)
    assert read["id"] == message.event_id
    lines = [merchant.appid, "1700000000", "nonce", "prepay_id=wx1"]
    assert theirs.sign(lines) == sign(merchant.private_key, *lines)


def test_a_certificate_counts_only_within_its_time(folder, merchants):
    sender = Sender.towards(folder, "medical")
    headers, body = sender.notify(sender.transaction("HB123456", 100))
    known = merchants["medical"].platform_keys[sender.serial]
    now = clock.now()
    for changed in (
        replace(known, not_after=now - timedelta(days=1)),
        replace(known, not_before=now + timedelta(days=1)),
    ):
        keys = {sender.serial: changed}
        assert reason(verify, Signed.of(headers), body, keys, now) == "unknown_key"


def test_the_process_makes_its_providers_once(base_core):
    assert providers(base_core.settings) is providers(base_core.settings)


def test_each_department_has_its_merchant(adapter, merchants):
    assert adapter.merchant_for("medical_insurance") == "medical"
    assert adapter.merchant_for("somebody_new") == next(iter(merchants))


class MerchantsFile:
    """A copy of the merchants' folder that a test spoils."""

    def __init__(self, folder: Path, copy: Path) -> None:
        self.path = copy / "merchants.json"
        for source in folder.rglob("*"):
            if source.is_file():
                target = copy / source.relative_to(folder)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(source.read_bytes())
        self.content = json.loads(self.path.read_text())
        self.first = self.content["merchants"][0]

    def refused(self, *, production: bool = False) -> str:
        self.path.write_text(json.dumps(self.content))
        with pytest.raises(SettingsError) as error:
            load_merchants(self.path, production=production)
        return str(error.value)

    def write(self, name: str, content: bytes) -> None:
        (self.path.parent / self.first[name]).write_bytes(content)


@pytest.fixture
def spoiled(folder, tmp_path) -> MerchantsFile:
    return MerchantsFile(folder, tmp_path)


@pytest.mark.parametrize("key", [b"testMchAPIv3Key0", b"", b"x" * 31, b"x" * 33])
@pytest.mark.parametrize("production", [False, True])
def test_an_apiv3_key_of_anything_but_32_bytes_is_refused(spoiled, key, production):
    spoiled.content.pop("origin")
    spoiled.write("apiv3_key_file", key)
    assert "32 bytes" in spoiled.refused(production=production)


def test_production_refuses_what_was_made_for_a_demonstration(spoiled):
    assert "demonstration" in spoiled.refused(production=True)
    spoiled.content.pop("origin")
    assert "self-signed" in spoiled.refused(production=True)


def test_a_certificate_listed_under_another_serial_is_refused(spoiled):
    spoiled.first["platform_keys"][0]["id"] = "0A"
    assert "serial" in spoiled.refused()


def test_a_public_key_without_a_public_key_id_is_refused(spoiled):
    spoiled.content["merchants"][1]["platform_keys"][0]["id"] = "12AB"
    assert "PUB_KEY_ID_" in spoiled.refused()


def test_a_merchant_without_a_platform_key_is_refused(spoiled):
    spoiled.first["platform_keys"] = []
    assert "platform key" in spoiled.refused()


def test_a_merchants_key_that_is_not_rsa_is_refused(spoiled):
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    spoiled.write("private_key_file", key)
    assert "RSA" in spoiled.refused()


def test_a_reference_given_twice_or_no_merchant_is_refused(spoiled):
    spoiled.content["merchants"].append(spoiled.first)
    assert "twice" in spoiled.refused()
    spoiled.content["merchants"] = []
    assert "no merchant" in spoiled.refused()


def test_a_missing_file_stops_the_start_with_its_name(tmp_path):
    with pytest.raises(SettingsError, match=r"nowhere\.json"):
        load_merchants(tmp_path / "nowhere.json", production=False)


def test_signing_ends_each_line_with_a_line_feed(merchants):
    key = merchants["medical"].private_key
    assert sign(key, "a", "") == sdk.rsa_sign(key, "a\n\n")
    assert len(base64.b64decode(sign(key, "a"))) == 256
