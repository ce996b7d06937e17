"""The keys of the demonstration are made once, complete, and fit together."""

import json
import shutil
import stat

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from wechatpay_merchant import Merchant

from miniprogram_stubs import keys
from miniprogram_stubs.application import create_app
from miniprogram_stubs.world import load_world


@pytest.fixture
def loaded(pytestconfig):
    return load_world(str(pytestconfig.rootpath / "demo" / "world.json"))


@pytest.fixture
def copied(keys_folder, tmp_path):
    """Keys that a test may change."""
    return shutil.copytree(keys_folder, tmp_path / "keys")


def contents(folder):
    return {
        path.relative_to(folder): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_second_start_changes_nothing(loaded, copied):
    before = contents(copied)
    keys.ready(loaded, copied, "http://127.0.0.1:8001")
    assert contents(copied) == before


def test_another_port_moves_only_where_tokens_are_fetched(loaded, copied):
    before = contents(copied)
    keys.ready(loaded, copied, "http://127.0.0.1:8011")
    after = contents(copied)
    changed = {path for path in before if before[path] != after[path]}
    assert {path.name for path in changed} == {"fcm-service-account.json"}
    account = json.loads(after[changed.pop()])
    assert account["token_uri"] == "http://127.0.0.1:8011/fcm/token"


def test_what_is_missing_is_made_again_and_the_rest_kept(loaded, copied):
    before = contents(copied)
    shutil.rmtree(copied / "merchants" / "social")
    (copied / "merchants.json").unlink()
    keys.ready(loaded, copied, "http://127.0.0.1:8001")
    after = contents(copied)
    assert set(after) == set(before)
    changed = {str(path.parent) for path in before if before[path] != after[path]}
    assert changed == {"merchants/social"}


def test_everything_the_merchants_file_names_is_there_and_fits(keys_folder, world):
    party = world["parties"]["wechatpay"]
    file = json.loads((keys_folder / "merchants.json").read_text(encoding="utf-8"))
    assert file["origin"] == "demonstration"
    modes = set()
    for wanted in party["merchants"]:
        merchant = Merchant(keys_folder, wanted["ref"])
        assert len(merchant.apiv3_key) == 32
        assert merchant.file["departments"] == wanted["departments"]
        pem = (keys_folder / merchant.file["certificate_file"]).read_bytes()
        certificate = x509.load_pem_x509_certificate(pem)
        assert f"{certificate.serial_number:040X}" == merchant.file["certificate_serial"]
        assert certificate.public_key() == merchant.key.public_key()
        assert merchant.file["notify_path"] == f"/callbacks/wechatpay/{wanted['ref']}"
        assert wanted["notify_id"] in merchant.platform
        modes.add(wanted["notify_id"].startswith("PUB_KEY_ID_"))
    assert modes == {True, False}


def test_merchants_do_not_share_keys_with_each_other_or_the_platform(keys_folder):
    numbers = []
    for path in keys_folder.rglob("*key.pem"):
        if path.name not in ("pub_key.pem", "alipay_public_key.pem"):
            key = serialization.load_pem_private_key(path.read_bytes(), None)
            assert key.key_size == 2048
            numbers.append(key.private_numbers().p)
    assert len(set(numbers)) == len(numbers) == 6


def test_keys_are_for_their_owner_only(keys_folder):
    for path in keys_folder.rglob("*"):
        if path.is_file() and path.name != ".lock":
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_no_private_key_is_in_the_repository(pytestconfig):
    for folder in ("demo", "miniprogram_stubs"):
        for path in (pytestconfig.rootpath / folder).rglob("*"):
            if path.suffix in (".json", ".py", ".pem"):
                assert "PRIVATE KEY-----" not in path.read_text(encoding="utf-8")


def test_without_a_folder_the_keys_are_temporary(monkeypatch, pytestconfig, keys_folder):
    monkeypatch.delenv("HUIBAN_ENV", raising=False)
    monkeypatch.setattr("tempfile.mkdtemp", lambda prefix: str(keys_folder))
    removed = []
    monkeypatch.setattr("atexit.register", lambda *call, **_: removed.append(call[1]))
    create_app(str(pytestconfig.rootpath / "demo" / "world.json"))
    assert removed == [str(keys_folder)]
