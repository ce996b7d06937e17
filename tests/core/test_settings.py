"""Settings: read once, wrong ones stop the start and name themselves."""

import pytest

from app import settings
from app.core import keys
from app.core.keys import KeyRefused
from scripts.environment import product_environment

REAL = {
    "HUIBAN_ENV": "production",
    "DATABASE_URL": "postgresql://huiban_app@db/huiban",
    "HUIBAN_PUBLIC_URL": "https://huiban.example",
    "HUIBAN_SMS_URL": "https://sms.tencentcloudapi.com/",
    "HUIBAN_WECHAT_URL": "https://api.weixin.qq.com",
    "HUIBAN_ALIPAY_URL": "https://openapi.alipay.com/gateway.do",
    "HUIBAN_ONE_TAP_URL": "https://dypnsapi.aliyuncs.com",
    "HUIBAN_WECHATPAY_URL": "https://api.mch.weixin.qq.com",
    "HUIBAN_FCM_URL": "https://fcm.googleapis.com",
    "HUIBAN_POPULATION_URL": "https://exchange.example/population",
    "HUIBAN_EXIT_ENTRY_URL": "https://exchange.example/exit-entry",
    "HUIBAN_BUSINESS_REGISTRY_URL": "https://exchange.example/registry",
    "HUIBAN_HOUSEHOLD_REGISTER_URL": "https://exchange.example/household",
    "HUIBAN_FACEID_URL": "https://faceid.tencentcloudapi.com",
    "HUIBAN_HEALTH_AUTHORITY_URL": "https://exchange.example/health",
    "HUIBAN_MEDICAL_INSURANCE_URL": "https://exchange.example/insurance",
    "HUIBAN_TRUSTED_PROXIES": "1",
    "HUIBAN_ALLOWED_HOSTS": "exchange.example",
}


@pytest.fixture
def environ(tmp_path, monkeypatch):
    values = product_environment(tmp_path, "http://127.0.0.1:1", "http://127.0.0.1:2")
    values.pop("HUIBAN_STUBS_URL")
    # The pages may still be on their way.
    values["HUIBAN_WEB_ROOT"] = str(tmp_path)

    def install(**changes):
        for name, value in {**values, **REAL, **changes}.items():
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)

    return install


def test_a_complete_production_environment_is_accepted(environ):
    environ()
    assert settings.load().production


def test_without_an_environment_name_it_is_production(environ):
    environ(HUIBAN_ENV=None)
    assert settings.load().production


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"DATABASE_URL": None}, "DATABASE_URL"),
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL"),
        ({"HUIBAN_ENV": "staging"}, "HUIBAN_ENV"),
        ({"HUIBAN_SMS_URL": "http://sms.tencentcloudapi.com/"}, "HUIBAN_SMS_URL"),
        ({"HUIBAN_WECHAT_URL": "https://evil.example"}, "HUIBAN_WECHAT_URL"),
        ({"HUIBAN_ALIPAY_URL": "https://evil.example"}, "HUIBAN_ALIPAY_URL"),
        ({"HUIBAN_ALIPAY_AES_KEY": ""}, "HUIBAN_ALIPAY_AES_KEY"),
        ({"HUIBAN_ONE_TAP_URL": "http://dypnsapi.aliyuncs.com"}, "HUIBAN_ONE_TAP_URL"),
        ({"HUIBAN_WECHATPAY_URL": "https://evil.example"}, "HUIBAN_WECHATPAY_URL"),
        ({"HUIBAN_POPULATION_URL": "https://elsewhere.example"}, "HUIBAN_POPULATION_URL"),
        ({"HUIBAN_PUBLIC_URL": "http://huiban.example"}, "HUIBAN_PUBLIC_URL"),
        ({"HUIBAN_STUBS_URL": "http://127.0.0.1:8001"}, "HUIBAN_STUBS_URL"),
        ({"HUIBAN_INTERNAL_HOSTS": "site.example,https://x/"}, "HUIBAN_INTERNAL_HOSTS"),
        ({"HUIBAN_INTERNAL_HOSTS": "site.example:8443"}, "HUIBAN_INTERNAL_HOSTS"),
        ({"HUIBAN_THREADS": "four"}, "HUIBAN_THREADS"),
        ({"HUIBAN_THREADS": "0"}, "HUIBAN_THREADS"),
        ({"HUIBAN_TRUSTED_PROXIES": "-1"}, "HUIBAN_TRUSTED_PROXIES"),
        ({"HUIBAN_TRUSTED_PROXIES": None}, "HUIBAN_TRUSTED_PROXIES"),
        ({"HUIBAN_SMS_SECRET_KEY": ""}, "HUIBAN_SMS_SECRET_KEY"),
        ({"HUIBAN_MASTER_KEY_FILE": None}, "HUIBAN_MASTER_KEY_FILE"),
    ],
)
def test_a_wrong_setting_stops_the_start_and_is_named(environ, changes, named):
    environ(**changes)
    with pytest.raises(settings.SettingsError, match=named):
        settings.load()


def test_production_refuses_keys_made_for_a_demonstration(tmp_path):
    keys.write_key_file(tmp_path / "demo.json", origin="demonstration")
    with pytest.raises(KeyRefused, match="key_refused") as refused:
        keys.read_key_file(tmp_path / "demo.json", production=True)
    assert "demonstration" in refused.value.words("en")
    keys.write_key_file(tmp_path / "real.json", origin="operator")
    assert len(keys.read_key_file(tmp_path / "real.json", production=True)) == 32


def test_production_refuses_a_key_file_others_can_read(tmp_path):
    path = tmp_path / "real.json"
    keys.write_key_file(path, origin="operator")
    path.chmod(0o644)
    with pytest.raises(KeyRefused):
        keys.read_key_file(path, production=True)


def test_a_key_file_is_never_overwritten(tmp_path):
    keys.write_key_file(tmp_path / "k.json", origin="operator")
    with pytest.raises(FileExistsError):
        keys.write_key_file(tmp_path / "k.json", origin="operator")
