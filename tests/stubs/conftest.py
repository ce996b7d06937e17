"""The outside world with a clock that tests move, and signers written apart from its own."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from wechatpay_merchant import Merchant, Receiver

from miniprogram_stubs import clock, keys
from miniprogram_stubs.application import create_app
from miniprogram_stubs.world import load_world

WORLD = Path(__file__).resolve().parents[2] / "demo" / "world.json"
START = 1_790_000_000.0
BASE_URL = "http://127.0.0.1:8001"


class MovableClock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> float:
        return self.time

    def forward(self, seconds: float) -> None:
        self.time += seconds


@pytest.fixture
def moved(monkeypatch: pytest.MonkeyPatch) -> MovableClock:
    movable = MovableClock()
    monkeypatch.setattr(clock, "now", movable)
    return movable


@pytest.fixture(scope="session")
def world() -> dict[str, Any]:
    return json.loads(WORLD.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def people(world: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {person["key"]: person for person in world["people"]}


@pytest.fixture(scope="session")
def keys_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Payment and push keys, made once because RSA keys take their time."""
    folder = tmp_path_factory.mktemp("keys")
    keys.ready(load_world(str(WORLD)), folder, BASE_URL)
    return folder


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, keys_folder: Path) -> Flask:
    monkeypatch.delenv("HUIBAN_ENV", raising=False)
    return create_app(str(WORLD), str(keys_folder), BASE_URL)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def tc3_authorization(
    key: tuple[str, str], service: str, headers: dict[str, str], payload: bytes, timestamp: int
) -> str:
    """An Authorization header, straight from the steps of Tencent's documentation."""
    names = sorted(headers)
    request = "POST\n/\n\n"
    for name in names:
        request += name + ":" + headers[name].lower() + "\n"
    request += "\n" + ";".join(names) + "\n" + hashlib.sha256(payload).hexdigest()
    day = datetime.fromtimestamp(timestamp, UTC).date().isoformat()
    scope = day + "/" + service + "/tc3_request"
    string = "\n".join(
        ("TC3-HMAC-SHA256", str(timestamp), scope, hashlib.sha256(request.encode()).hexdigest())
    )

    def mac(secret: bytes, text: str) -> bytes:
        return hmac.new(secret, text.encode(), hashlib.sha256).digest()

    signing = mac(mac(mac(b"TC3" + key[1].encode(), day), service), "tc3_request")
    return (
        f"TC3-HMAC-SHA256 Credential={key[0]}/{scope}, SignedHeaders={';'.join(names)}, "
        f"Signature={mac(signing, string).hex()}"
    )


@pytest.fixture(scope="session")
def sign_tc3() -> Callable[..., str]:
    return tc3_authorization


@pytest.fixture(scope="session")
def sms_headers(world: dict[str, Any]) -> Callable[..., dict[str, str]]:
    """All headers of a signed SendSms call, for a host and a time."""

    def make(payload: bytes, timestamp: float, host: str = "localhost") -> dict[str, str]:
        party = world["parties"]["sms"]
        signed = {
            "content-type": "application/json; charset=utf-8",
            "host": host,
            "x-tc-action": "SendSms",
        }
        key = (party["secret_id"], party["secret_key"])
        return {
            "Content-Type": signed["content-type"],
            "Host": host,
            "X-TC-Action": "SendSms",
            "X-TC-Version": "2021-01-11",
            "X-TC-Timestamp": str(int(timestamp)),
            "X-TC-Region": "ap-guangzhou",
            "Authorization": tc3_authorization(key, "sms", signed, payload, int(timestamp)),
        }

    return make


@pytest.fixture(scope="session")
def exchange_headers(world: dict[str, Any]) -> Callable[..., dict[str, str]]:
    """The four headers of the sharing exchange, for a party and a time."""

    def make(party: str, timestamp: float = START, separator: str = "-") -> dict[str, str]:
        keys = world["parties"][party]
        rtime = str(int(timestamp * 1000))
        message = keys["sid"] + keys["rid"] + rtime
        digest = hmac.new(keys["appkey"].encode(), message.encode(), hashlib.sha256).digest()
        values = {
            "rid": keys["rid"],
            "sid": keys["sid"],
            "rtime": rtime,
            "sign": base64.b64encode(digest).decode(),
        }
        return {f"gjgxjhpt{separator}{name}": value for name, value in values.items()}

    return make


@pytest.fixture(scope="session")
def medical(keys_folder: Path) -> Merchant:
    """The merchant whose notifies are signed by the platform certificate."""
    return Merchant(keys_folder, "medical")


@pytest.fixture(scope="session")
def social(keys_folder: Path) -> Merchant:
    """The merchant whose notifies are signed by WeChat Pay's public key."""
    return Merchant(keys_folder, "social")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A callback address of a merchant, over real HTTP."""
    listening = Receiver()
    thread = threading.Thread(target=listening.server.serve_forever, args=(0.02,))
    thread.start()
    yield listening
    listening.server.shutdown()
    thread.join()
    listening.server.server_close()


@pytest.fixture
def ask(client: FlaskClient, moved: MovableClock) -> Callable[..., Any]:
    """A signed call of a merchant; the answer must be signed by a key it knows."""

    def call(merchant: Merchant, method: str, url: str, body: Any = None, **more: Any) -> Any:
        payload = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        headers = merchant.headers(method, url, payload, moved.time, **more.get("signed", {}))
        headers |= more.get("headers", {})
        answer = client.open(f"/wechatpay{url}", method=method, data=payload, headers=headers)
        assert merchant.is_genuine(answer.headers, answer.data)
        assert answer.headers["Request-ID"]
        return answer

    return call


@pytest.fixture
def order_of(people: dict[str, dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """The body of a JSAPI order of the first resident; fields given replace others."""

    def make(merchant: Merchant, **fields: Any) -> dict[str, Any]:
        return {
            "appid": merchant.appid,
            "mchid": merchant.mchid,
            "description": "城乡居民基本医疗保险 2027",
            "out_trade_no": "HB20270001",
            "notify_url": f"http://127.0.0.1:9/callbacks/wechatpay/{merchant.file['merchant_ref']}",
            "amount": {"total": 40000, "currency": "CNY"},
            "payer": {"openid": people["r001"]["openid"]},
        } | fields

    return make
