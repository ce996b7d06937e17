"""The outside world starts where it may, ends when told, and lists who can be played."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from wechatpay_merchant import Merchant

from miniprogram_stubs.application import RefusesProductionError, create_app

REPOSITORY = Path(__file__).resolve().parents[2]
WORLD = REPOSITORY / "demo" / "world.json"


def start(port: int, *more: str, environment: str = "demo") -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "miniprogram_stubs", "--port", str(port)]
    return subprocess.Popen(
        [*command, "--world", str(WORLD), *more],
        cwd=REPOSITORY,
        env={**os.environ, "HUIBAN_ENV": environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_it_answers(url: str) -> None:
    until = time.monotonic() + 20
    while True:
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except (urllib.error.URLError, ConnectionError):
            assert time.monotonic() < until, "it never answered"
            time.sleep(0.1)
        else:
            return


def post(url: str, body: bytes, headers: dict[str, str]):
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())


@pytest.mark.parametrize("value", ["production", "Production", " production "])
def test_it_refuses_to_exist_in_production(monkeypatch, value):
    monkeypatch.setenv("HUIBAN_ENV", value)
    with pytest.raises(RefusesProductionError):
        create_app(str(WORLD))


def test_its_command_refuses_to_start_in_production():
    process = start(free_port(), environment="production")
    _, complaint = process.communicate(timeout=20)
    assert process.returncode == 1
    assert b"production" in complaint


def test_its_command_says_in_one_line_that_the_port_is_taken():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = start(taken.getsockname()[1])
        _, complaint = process.communicate(timeout=20)
    assert process.returncode == 1
    assert complaint.decode().startswith("miniprogram_stubs: Address already in use")
    assert complaint.count(b"\n") == 1


def test_its_command_can_make_the_keys_alone(tmp_path):
    folder = tmp_path / "new" / "keys"
    process = start(8019, "--keys", str(folder), "--keys-only")
    _, complaint = process.communicate(timeout=20)
    assert process.returncode == 0, complaint
    account = json.loads((folder / "fcm-service-account.json").read_text(encoding="utf-8"))
    assert account["token_uri"] == "http://127.0.0.1:8019/fcm/token"
    assert Merchant(folder, "medical").platform


def ask_as(merchant: Merchant, base: str, url: str) -> tuple[int, bytes]:
    """A signed GET over real HTTP whose answer must be genuine."""
    headers = merchant.headers("GET", url, b"", time.time())
    request = urllib.request.Request(f"{base}/wechatpay{url}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            status, told, body = answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        status, told, body = error.code, error.headers, error.read()
    assert merchant.is_genuine(told, body)
    return status, body


def wechatpay_answers(merchant, base):
    assert ask_as(merchant, base, "/v3/certificates")[0] == 200
    unknown = f"/v3/pay/transactions/out-trade-no/A%7CB*1234?mchid={merchant.mchid}"
    status, body = ask_as(merchant, base, unknown)
    assert (status, json.loads(body)["code"]) == (404, "ORDERNOTEXIST")


def test_over_real_http_it_serves_every_party_and_ends_on_sigterm(
    sms_headers, exchange_headers, world, people, tmp_path
):
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    process = start(port, "--keys", str(tmp_path))
    try:
        wait_until_it_answers(f"{base}/healthz")
        party, woman = world["parties"]["sms"], people["r001"]
        message = {
            "PhoneNumberSet": ["+86" + woman["phone"]],
            "SmsSdkAppId": party["sdk_app_id"],
            "SignName": party["sign_name"],
            "TemplateId": "2401001",
            "TemplateParamSet": ["482913", "5"],
        }
        payload = json.dumps(message).encode()
        headers = sms_headers(payload, time.time(), host=f"127.0.0.1:{port}")
        sent = post(f"{base}/tencent-sms/", payload, headers)
        assert sent["Response"]["SendStatusSet"][0]["Code"] == "Ok"
        for separator in "-_":
            headers = exchange_headers("population", time.time(), separator)
            headers["Content-Type"] = "application/json"
            body = json.dumps({"GMSFHM": woman["document_number"], "XM": woman["name"]}).encode()
            answer = post(f"{base}/exchange/population/verify", body, headers)
            assert answer["data"]["HYJG"] == "1"
        handed_out = post(
            f"{base}/wechat/simulate/login",
            json.dumps({"phone": woman["phone"]}).encode(),
            {"Content-Type": "application/json"},
        )
        assert handed_out["openid"] == woman["openid"]
        wechatpay_answers(Merchant(tmp_path, "medical"), base)
    finally:
        process.terminate()
        _, complaint = process.communicate(timeout=20)
    assert process.returncode == 0, complaint


def test_it_listens_on_the_loopback_address_only():
    text = (REPOSITORY / "miniprogram_stubs" / "__main__.py").read_text(encoding="utf-8")
    assert '_ADDRESS = "127.0.0.1"' in text
    assert "--host" not in text
    assert "--address" not in text


def test_it_imports_none_of_our_packages():
    ours = r"^\s*(?:from|import)\s+(?:app|api|push|healthcode|composition|wsgi|worker|scripts)\b"
    for file in (REPOSITORY / "miniprogram_stubs").glob("**/*.py"):
        assert not re.search(ours, file.read_text(encoding="utf-8"), re.MULTILINE), file


def test_the_accounts_are_listed_with_the_fields_of_the_contract(client, world, people):
    accounts = client.get("/demo/accounts").json
    optional = {"phone", "login", "password", "totp_secret", "venue_id", "organisation_id"}
    optional |= {"document_type"}
    for account in accounts:
        assert {"role", "name", "document_number", "note"} <= set(account)
        assert set(account) - optional <= {"role", "name", "document_number", "note", "client_id"}
        assert None not in account.values()
    assert accounts[0]["phone"] == people["r001"]["phone"]
    venues = {venue["id"] for venue in world["venues"]}
    staff = [account for account in accounts if account["role"] == "venue_staff"]
    assert len(staff) >= 50
    assert {account["venue_id"] for account in staff} == venues
    assert sum(account["role"] == "resident" for account in accounts) >= 200


def test_the_accounts_can_be_asked_for_by_role_and_number(client):
    assert {a["role"] for a in client.get("/demo/accounts?role=child").json} == {"child"}
    assert len(client.get("/demo/accounts?role=parent&limit=3").json) == 3
    [officer] = client.get("/demo/accounts?role=county_officer").json
    assert {"login", "password", "totp_secret"} <= set(officer)
    assert client.get("/demo/accounts?role=department").json == []
    for query in ("role=king", "limit=-1", "limit=0", "limit=x", "page=1"):
        answer = client.get(f"/demo/accounts?{query}")
        assert answer.status_code == 422
        assert answer.json["message"]


def test_unknown_paths_and_methods_answer_in_json(client):
    assert client.get("/healthz").json == {"status": "ok"}
    assert client.get("/nothing").json["error"] == "not_found"
    assert client.get("/simulate/login").status_code == 404
    assert client.delete("/sms/messages").json["error"] == "method_not_allowed"
    too_large = client.post("/tencent-sms/", data=b"x" * (1024 * 1024 + 1))
    assert too_large.status_code == 413
