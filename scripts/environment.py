"""The product's environment in a demonstration: the same variables an operator sets in production."""

import json
import os
from pathlib import Path
from typing import Any

from app.core.keys import write_key_file

ROOT = Path(__file__).resolve().parents[1]
WORLD = ROOT / "demo" / "world.json"
#: The built front end; `scripts.frontend` puts it there.
WEB_ROOT = ROOT / "build" / "h5"


def read_world() -> dict[str, Any]:
    """The invented people, venues and parties."""
    world: dict[str, Any] = json.loads(WORLD.read_text())
    return world


def product_environment(home: Path, stubs_url: str, public_url: str) -> dict[str, str]:
    """Variables that connect the product to the stand-ins, with keys made under `home/keys`."""
    parties = read_world()["parties"]
    sms = parties["sms"]
    return {
        "HUIBAN_ENV": "demo",
        "HUIBAN_MASTER_KEY_FILE": str(key_file(home, "master")),
        "HUIBAN_PUBLIC_URL": public_url,
        "HUIBAN_WEB_ROOT": str(WEB_ROOT),
        "HUIBAN_STUBS_URL": stubs_url,
        "HUIBAN_INTERNAL_HOSTS": "127.0.0.1",
        "HUIBAN_FILES_ROOT": str(home / "files"),
        "HUIBAN_AUDIT_HEADS_FILE": str(home / "audit-heads.jsonl"),
        "HUIBAN_SMS_URL": f"{stubs_url}/tencent-sms/",
        "HUIBAN_SMS_SECRET_ID": sms["secret_id"],
        "HUIBAN_SMS_SECRET_KEY": sms["secret_key"],
        "HUIBAN_SMS_SDK_APP_ID": sms["sdk_app_id"],
        "HUIBAN_SMS_SIGN_NAME": sms["sign_name"],
        "HUIBAN_SMS_LOGIN_TEMPLATE": "2401001",
        "HUIBAN_SMS_CONFIRM_TEMPLATE": "2401006",
        "HUIBAN_SMS_SECURITY_TEMPLATE": "2401002",
        "HUIBAN_SMS_LOOKUP_TEMPLATE": "2401003",
        "HUIBAN_SMS_SETTLED_TEMPLATE": "2401004",
        "HUIBAN_SMS_MANDATE_TEMPLATE": "2401007",
        **_vouchers(home, parties, stubs_url),
        **_exchanges(parties, stubs_url),
        "HUIBAN_WECHATPAY_URL": f"{stubs_url}/wechatpay",
        "HUIBAN_WECHATPAY_MERCHANTS_FILE": str(stub_keys(home) / "merchants.json"),
        "HUIBAN_FCM_URL": f"{stubs_url}/fcm",
        "HUIBAN_FCM_SERVICE_ACCOUNT_FILE": str(stub_keys(home) / "fcm-service-account.json"),
    }


def _vouchers(home: Path, parties: dict[str, Any], stubs_url: str) -> dict[str, str]:
    """Those who vouch for somebody: WeChat, Alipay, a carrier, the face check."""
    alipay = stub_keys(home) / "alipay"
    return {
        "HUIBAN_WECHAT_URL": f"{stubs_url}/wechat",
        "HUIBAN_WECHAT_APPID": parties["wechat"]["appid"],
        "HUIBAN_WECHAT_SECRET": parties["wechat"]["secret"],
        "HUIBAN_ALIPAY_URL": f"{stubs_url}/alipay/gateway.do",
        "HUIBAN_ALIPAY_APP_ID": parties["alipay"]["app_id"],
        "HUIBAN_ALIPAY_PRIVATE_KEY_FILE": str(alipay / "app_private_key.pem"),
        "HUIBAN_ALIPAY_PUBLIC_KEY_FILE": str(alipay / "alipay_public_key.pem"),
        "HUIBAN_ALIPAY_AES_KEY": parties["alipay"]["aes_key"],
        "HUIBAN_ONE_TAP_URL": f"{stubs_url}/dypns",
        "HUIBAN_ONE_TAP_ACCESS_KEY_ID": parties["one_tap"]["access_key_id"],
        "HUIBAN_ONE_TAP_ACCESS_KEY_SECRET": parties["one_tap"]["access_key_secret"],
        "HUIBAN_FACEID_URL": f"{stubs_url}/tencent-faceid/",
        "HUIBAN_FACEID_SECRET_ID": parties["faceid"]["secret_id"],
        "HUIBAN_FACEID_SECRET_KEY": parties["faceid"]["secret_key"],
        "HUIBAN_FACEID_RULE_ID": parties["faceid"]["rule_id"],
    }


def stub_keys(home: Path) -> Path:
    """Where the stand-ins put the keys they give out (merchants, service accounts)."""
    return home / "stub-keys"


def key_file(home: Path, name: str) -> Path:
    """A demonstration key file under `home/keys`, made at first use."""
    path = home / "keys" / f"{name}.json"
    if not path.exists():
        write_key_file(path, origin="demonstration")
    return path


def clean_environment() -> dict[str, str]:
    """Our own environment without settings of some other installation."""
    foreign = ("HUIBAN_", "DATABASE_", "REDIS_", "PROMETHEUS_", "GRANIAN_", "FLASK_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    flavour = os.environ.get("HUIBAN_LOCAL")
    return kept | ({"HUIBAN_LOCAL": flavour} if flavour else {})


#: Services of the exchange and where their stand-ins live.
_EXCHANGES = {
    "population": "/population/verify",
    "exit_entry": "/exit-entry/verify",
    "business_registry": "/business-registry/entity",
    "household_register": "/household-register/guardian",
    "health_authority": "/health/personnel",
    "medical_insurance": "/medical-insurance",
}


def _exchanges(parties: dict[str, Any], stubs_url: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, path in _EXCHANGES.items():
        prefix, party = f"HUIBAN_{name.upper()}", parties[name]
        values[f"{prefix}_URL"] = f"{stubs_url}/exchange{path}"
        values[f"{prefix}_REQUESTER_ID"] = party["rid"]
        values[f"{prefix}_SERVICE_ID"] = party["sid"]
        values[f"{prefix}_APP_KEY"] = party["appkey"]
    return values
