"""Configuration: read once from the environment into one frozen object; wrong values stop the start.

`HUIBAN_ENV` unset means production. Production demands https for every outside party, a host on that
party's own list (or named in `HUIBAN_ALLOWED_HOSTS`), and keys that were not made for a demonstration.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args
from urllib.parse import urlsplit

from environs import Env, EnvError
from marshmallow import ValidationError
from marshmallow.validate import Range

from app import parties
from app.parties import (
    AlipaySettings,
    ExchangeSettings,
    FaceidSettings,
    FcmSettings,
    OneTapSettings,
    SmsSettings,
    WechatPaySettings,
    WechatSettings,
)

Environment = Literal["production", "demo", "test"]


class SettingsError(Exception):
    """The configuration cannot be used; the message says which variable and why."""


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
    alipay: AlipaySettings
    one_tap: OneTapSettings
    population: ExchangeSettings
    #: The exit-entry administration (出入境): every identity document but the resident ID.
    exit_entry: ExchangeSettings
    #: The business registry (市场监管法人库).
    business_registry: ExchangeSettings
    #: Households and births (户籍、出生医学证明): whose guardian is who.
    household_register: ExchangeSettings
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
    #: The folder of sealed files, shared by all web processes and workers.
    files_root: Path | None = None
    #: The database as `huiban_retention`; where it is missing nothing is destroyed.
    retention_url: str | None = None
    #: Hosts that may lie in a private network where others gave the address (core.strangers).
    internal_hosts: frozenset[str] = frozenset()
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
    retention = env.str("DATABASE_RETENTION_URL", None)
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
        sms=parties.read_sms(env),
        wechat=parties.read_wechat(env),
        alipay=parties.read_alipay(env),
        one_tap=parties.read_one_tap(env),
        population=parties.read_exchange(env, "HUIBAN_POPULATION"),
        exit_entry=parties.read_exchange(env, "HUIBAN_EXIT_ENTRY"),
        business_registry=parties.read_exchange(env, "HUIBAN_BUSINESS_REGISTRY"),
        household_register=parties.read_exchange(env, "HUIBAN_HOUSEHOLD_REGISTER"),
        health_authority=parties.read_exchange(env, "HUIBAN_HEALTH_AUTHORITY"),
        medical_insurance=parties.read_exchange(env, "HUIBAN_MEDICAL_INSURANCE"),
        wechatpay=parties.read_wechatpay(env),
        fcm=parties.read_fcm(env),
        faceid=parties.read_faceid(env),
        face_level_minutes=env.int("HUIBAN_FACE_LEVEL_MINUTES", 30, validate=Range(1, 240)),
        web_root=env.path("HUIBAN_WEB_ROOT", None),
        audit_heads_file=env.path("HUIBAN_AUDIT_HEADS_FILE", None),
        files_root=env.path("HUIBAN_FILES_ROOT", None),
        retention_url=sqlalchemy_url(retention) if retention else None,
        internal_hosts=frozenset(env.list("HUIBAN_INTERNAL_HOSTS", [], validate=_host_names)),
        stubs_url=env.str("HUIBAN_STUBS_URL", None),
    )


def _host_names(found: list[str]) -> None:
    for name in found:
        if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", name):
            raise ValidationError(f"{name!r} is not the name of a host, without scheme and port")


def sqlalchemy_url(url: str) -> str:
    """A libpq URL as SQLAlchemy wants it: `postgresql://…` names the psycopg 3 driver."""
    if url.startswith("postgresql+psycopg://"):
        return url
    if url.startswith(("postgresql://", "postgres://")):
        return "postgresql+psycopg://" + url.split("://", 1)[1]
    raise SettingsError("DATABASE_URL must begin with postgresql://")


def _check_production(settings: Settings, overrides: tuple[str, ...]) -> None:
    _check_addresses(settings, overrides)
    for variable in parties.SECRETS:
        if not os.environ.get(variable):
            raise SettingsError(f"{variable} must not be empty in production")
    if "HUIBAN_TRUSTED_PROXIES" not in os.environ:
        raise SettingsError("HUIBAN_TRUSTED_PROXIES must be said in production (0 for none)")
    if settings.web_root and not settings.web_root.is_dir():
        raise SettingsError("HUIBAN_WEB_ROOT is not a folder")
    if os.environ.get("HUIBAN_STUBS_URL"):
        raise SettingsError("HUIBAN_STUBS_URL has no place in production")


def _check_addresses(settings: Settings, overrides: tuple[str, ...]) -> None:
    addresses = {
        "HUIBAN_SMS_URL": settings.sms.url,
        "HUIBAN_WECHAT_URL": settings.wechat.url,
        "HUIBAN_ALIPAY_URL": settings.alipay.url,
        "HUIBAN_ONE_TAP_URL": settings.one_tap.url,
        "HUIBAN_POPULATION_URL": settings.population.url,
        "HUIBAN_EXIT_ENTRY_URL": settings.exit_entry.url,
        "HUIBAN_BUSINESS_REGISTRY_URL": settings.business_registry.url,
        "HUIBAN_HOUSEHOLD_REGISTER_URL": settings.household_register.url,
        "HUIBAN_FACEID_URL": settings.faceid.url,
        "HUIBAN_HEALTH_AUTHORITY_URL": settings.health_authority.url,
        "HUIBAN_MEDICAL_INSURANCE_URL": settings.medical_insurance.url,
        "HUIBAN_WECHATPAY_URL": settings.wechatpay.url,
        "HUIBAN_FCM_URL": settings.fcm.url,
        "HUIBAN_PUBLIC_URL": settings.public_url,
    }
    for variable, url in addresses.items():
        parts = urlsplit(url)
        if parts.scheme != "https":
            raise SettingsError(f"{variable} must be https in production")
        if variable == "HUIBAN_PUBLIC_URL":
            continue
        if (
            parts.hostname not in parties.KNOWN_HOSTS.get(variable, set())
            and parts.hostname not in overrides
        ):
            raise SettingsError(
                f"{variable}: host {parts.hostname!r} is not this party's own; "
                "name it in HUIBAN_ALLOWED_HOSTS if it is meant"
            )
