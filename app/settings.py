"""Configuration: read once from the environment into one frozen object; wrong values stop the start.

`HUIBAN_ENV` unset means production. Production demands https for every outside party, a host on that
party's own list (or named in `HUIBAN_ALLOWED_HOSTS`), and keys that were not made for a demonstration.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args
from urllib.parse import urlsplit

from environs import Env, EnvError
from marshmallow.validate import Range

Environment = Literal["production", "demo", "test"]


class SettingsError(Exception):
    """The configuration cannot be used; the message says which variable and why."""


@dataclass(frozen=True)
class SmsSettings:
    """Tencent Cloud SMS: the account, the application, the signature and the approved templates."""

    url: str
    secret_id: str
    secret_key: str
    sdk_app_id: str
    sign_name: str
    login_template: str
    security_template: str
    #: Somebody looked up what one owes, to pay it: when, who (masked), what for.
    lookup_template: str
    settled_template: str


@dataclass(frozen=True)
class WechatSettings:
    """The WeChat mini-program's application."""

    url: str
    appid: str
    secret: str


@dataclass(frozen=True)
class ExchangeSettings:
    """One service of the government data-sharing exchange (数据共享交换平台); `url` is its address."""

    url: str
    requester_id: str
    service_id: str
    app_key: str


@dataclass(frozen=True)
class FaceidSettings:
    """Tencent Cloud's face verification: the account and the business flow (RuleId) set up there."""

    url: str
    secret_id: str
    secret_key: str
    rule_id: str


@dataclass(frozen=True)
class WechatPaySettings:
    """WeChat Pay v3: its address and the file that lists our merchants and where their keys lie."""

    url: str
    merchants_file: Path


@dataclass(frozen=True)
class FcmSettings:
    """Firebase Cloud Messaging: its address and our service account's file."""

    url: str
    service_account_file: Path


@dataclass(frozen=True)
class Settings:
    """Everything that differs between installations."""

    env: Environment
    database_url: str
    redis_url: str | None
    #: 32 random bytes that unwrap every other key; a file, never the environment.
    master_key_file: Path
    #: Our own address as browsers see it: the only Origin that may use the refresh cookie.
    public_url: str
    #: How many proxies in front of us are ours and set X-Forwarded-For.
    trusted_proxies: int
    #: Addresses that may read /metrics; loopback always may.
    metrics_allowed: tuple[str, ...]
    #: One log line for every request, for people who watch; slow and failed ones are always logged.
    access_log: bool
    #: Connections per process: as many as it has threads.
    database_pool: int
    sms: SmsSettings
    wechat: WechatSettings
    population: ExchangeSettings
    #: The exit-entry administration (出入境): every identity document but the resident ID.
    exit_entry: ExchangeSettings
    #: The business registry (市场监管法人库).
    business_registry: ExchangeSettings
    health_authority: ExchangeSettings
    #: Bills of the residents' medical insurance (城乡居民基本医疗保险) and the booking of payments.
    medical_insurance: ExchangeSettings
    wechatpay: WechatPaySettings
    fcm: FcmSettings
    faceid: FaceidSettings
    #: How long a face check raises the level of a session.
    face_level_minutes: int = 30
    #: The built front end; without it no pages are served.
    web_root: Path | None = None
    #: Where signed heads of the audit chain are appended: a file on another machine's disk.
    audit_heads_file: Path | None = None
    #: The stand-ins' address; only in a demonstration, where /readyz waits for them.
    stubs_url: str | None = None

    @property
    def production(self) -> bool:
        """True unless this is a demonstration or a test."""
        return self.env == "production"

    @property
    def secure_cookies(self) -> bool:
        """Cookies carry Secure, except in a demonstration on loopback without https."""
        return self.production or self.public_url.startswith("https://")


#: The hosts each party really lives at.
KNOWN_HOSTS = {
    "HUIBAN_SMS_URL": {"sms.tencentcloudapi.com"},
    "HUIBAN_FACEID_URL": {"faceid.tencentcloudapi.com"},
    "HUIBAN_WECHAT_URL": {"api.weixin.qq.com", "api2.weixin.qq.com"},
    "HUIBAN_WECHATPAY_URL": {"api.mch.weixin.qq.com", "api2.wechatpay.cn"},
    "HUIBAN_FCM_URL": {"fcm.googleapis.com"},
}


SECRETS = (
    "HUIBAN_SMS_SECRET_KEY",
    "HUIBAN_WECHAT_SECRET",
    "HUIBAN_POPULATION_APP_KEY",
    "HUIBAN_EXIT_ENTRY_APP_KEY",
    "HUIBAN_BUSINESS_REGISTRY_APP_KEY",
    "HUIBAN_FACEID_SECRET_KEY",
    "HUIBAN_HEALTH_AUTHORITY_APP_KEY",
    "HUIBAN_MEDICAL_INSURANCE_APP_KEY",
)


def load() -> Settings:
    """Read and check the settings. Raises `SettingsError` naming the variable that is wrong."""
    env = Env()
    try:
        settings = _read(env)
    except EnvError as error:
        raise SettingsError(str(error)) from None
    if settings.production:
        _check_production(settings, tuple(env.list("HUIBAN_ALLOWED_HOSTS", [])))
    return settings


def _read(env: Env) -> Settings:
    name = env.str("HUIBAN_ENV", "production")
    if name not in get_args(Environment):
        raise SettingsError(f"HUIBAN_ENV must be production, demo or test, not {name!r}")
    return Settings(
        env=cast(Environment, name),
        database_url=sqlalchemy_url(env.str("DATABASE_URL")),
        redis_url=env.str("REDIS_URL", None) or None,
        master_key_file=env.path("HUIBAN_MASTER_KEY_FILE"),
        public_url=env.str("HUIBAN_PUBLIC_URL").rstrip("/"),
        trusted_proxies=env.int("HUIBAN_TRUSTED_PROXIES", 0, validate=Range(min=0)),
        metrics_allowed=tuple(env.list("HUIBAN_METRICS_ALLOWED", [])),
        access_log=env.bool("HUIBAN_ACCESS_LOG", False),
        database_pool=env.int("HUIBAN_THREADS", 4, validate=Range(min=1)),
        sms=_sms(env),
        wechat=_wechat(env),
        population=_exchange(env, "HUIBAN_POPULATION"),
        exit_entry=_exchange(env, "HUIBAN_EXIT_ENTRY"),
        business_registry=_exchange(env, "HUIBAN_BUSINESS_REGISTRY"),
        health_authority=_exchange(env, "HUIBAN_HEALTH_AUTHORITY"),
        medical_insurance=_exchange(env, "HUIBAN_MEDICAL_INSURANCE"),
        wechatpay=_wechatpay(env),
        fcm=FcmSettings(
            url=env.str("HUIBAN_FCM_URL", "https://fcm.googleapis.com"),
            service_account_file=env.path("HUIBAN_FCM_SERVICE_ACCOUNT_FILE"),
        ),
        faceid=_faceid(env),
        face_level_minutes=env.int("HUIBAN_FACE_LEVEL_MINUTES", 30, validate=Range(1, 240)),
        web_root=env.path("HUIBAN_WEB_ROOT", None),
        audit_heads_file=env.path("HUIBAN_AUDIT_HEADS_FILE", None),
        stubs_url=env.str("HUIBAN_STUBS_URL", None),
    )


def _sms(env: Env) -> SmsSettings:
    return SmsSettings(
        url=env.str("HUIBAN_SMS_URL", "https://sms.tencentcloudapi.com/"),
        secret_id=env.str("HUIBAN_SMS_SECRET_ID"),
        secret_key=env.str("HUIBAN_SMS_SECRET_KEY"),
        sdk_app_id=env.str("HUIBAN_SMS_SDK_APP_ID"),
        sign_name=env.str("HUIBAN_SMS_SIGN_NAME", "汇办"),
        login_template=env.str("HUIBAN_SMS_LOGIN_TEMPLATE"),
        security_template=env.str("HUIBAN_SMS_SECURITY_TEMPLATE"),
        lookup_template=env.str("HUIBAN_SMS_LOOKUP_TEMPLATE"),
        settled_template=env.str("HUIBAN_SMS_SETTLED_TEMPLATE"),
    )


def _wechat(env: Env) -> WechatSettings:
    return WechatSettings(
        url=env.str("HUIBAN_WECHAT_URL", "https://api.weixin.qq.com"),
        appid=env.str("HUIBAN_WECHAT_APPID"),
        secret=env.str("HUIBAN_WECHAT_SECRET"),
    )


def _wechatpay(env: Env) -> WechatPaySettings:
    return WechatPaySettings(
        url=env.str("HUIBAN_WECHATPAY_URL", "https://api.mch.weixin.qq.com"),
        merchants_file=env.path("HUIBAN_WECHATPAY_MERCHANTS_FILE"),
    )


def _faceid(env: Env) -> FaceidSettings:
    return FaceidSettings(
        url=env.str("HUIBAN_FACEID_URL", "https://faceid.tencentcloudapi.com/"),
        secret_id=env.str("HUIBAN_FACEID_SECRET_ID"),
        secret_key=env.str("HUIBAN_FACEID_SECRET_KEY"),
        rule_id=env.str("HUIBAN_FACEID_RULE_ID"),
    )


def _exchange(env: Env, prefix: str) -> ExchangeSettings:
    return ExchangeSettings(
        url=env.str(f"{prefix}_URL"),
        requester_id=env.str(f"{prefix}_REQUESTER_ID"),
        service_id=env.str(f"{prefix}_SERVICE_ID"),
        app_key=env.str(f"{prefix}_APP_KEY"),
    )


def sqlalchemy_url(url: str) -> str:
    """A libpq URL as SQLAlchemy wants it: `postgresql://…` names the psycopg 3 driver."""
    if url.startswith("postgresql+psycopg://"):
        return url
    if url.startswith(("postgresql://", "postgres://")):
        return "postgresql+psycopg://" + url.split("://", 1)[1]
    raise SettingsError("DATABASE_URL must begin with postgresql://")


def _check_production(settings: Settings, overrides: tuple[str, ...]) -> None:
    parties = {
        "HUIBAN_SMS_URL": settings.sms.url,
        "HUIBAN_WECHAT_URL": settings.wechat.url,
        "HUIBAN_POPULATION_URL": settings.population.url,
        "HUIBAN_EXIT_ENTRY_URL": settings.exit_entry.url,
        "HUIBAN_BUSINESS_REGISTRY_URL": settings.business_registry.url,
        "HUIBAN_FACEID_URL": settings.faceid.url,
        "HUIBAN_HEALTH_AUTHORITY_URL": settings.health_authority.url,
        "HUIBAN_MEDICAL_INSURANCE_URL": settings.medical_insurance.url,
        "HUIBAN_WECHATPAY_URL": settings.wechatpay.url,
        "HUIBAN_FCM_URL": settings.fcm.url,
        "HUIBAN_PUBLIC_URL": settings.public_url,
    }
    for variable, url in parties.items():
        parts = urlsplit(url)
        if parts.scheme != "https":
            raise SettingsError(f"{variable} must be https in production")
        if variable == "HUIBAN_PUBLIC_URL":
            continue
        if (
            parts.hostname not in KNOWN_HOSTS.get(variable, set())
            and parts.hostname not in overrides
        ):
            raise SettingsError(
                f"{variable}: host {parts.hostname!r} is not this party's own; "
                "name it in HUIBAN_ALLOWED_HOSTS if it is meant"
            )
    for variable in SECRETS:
        if not os.environ.get(variable):
            raise SettingsError(f"{variable} must not be empty in production")
    if "HUIBAN_TRUSTED_PROXIES" not in os.environ:
        raise SettingsError("HUIBAN_TRUSTED_PROXIES must be said in production (0 for none)")
    if settings.web_root and not settings.web_root.is_dir():
        raise SettingsError("HUIBAN_WEB_ROOT is not a folder")
    if settings.stubs_url:
        raise SettingsError("HUIBAN_STUBS_URL has no place in production")
