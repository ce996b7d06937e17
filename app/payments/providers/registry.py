"""The providers of one process by name, made once from the frozen settings."""

from collections.abc import Mapping
from functools import lru_cache

from app.parties import WechatPaySettings
from app.payments.providers.base import Provider
from app.payments.providers.wechatpay import WechatPay
from app.payments.providers.wechatpay_merchants import load_merchants
from app.settings import Settings

#: Names a client may ask for.
NAMES = ("wechatpay",)
#: Threads of a process that may wait for one provider (threats.md 4). The worker asks from one job.
WAITERS = 1


def providers(settings: Settings) -> Mapping[str, Provider]:
    """All providers by name. Raises `SettingsError` when a merchant's keys cannot be used."""
    return _made(settings.wechatpay, settings.public_url, settings.production)


@lru_cache(maxsize=8)
def _made(wechatpay: WechatPaySettings, public_url: str, production: bool) -> dict[str, Provider]:
    merchants = load_merchants(wechatpay.merchants_file, production=production)
    callbacks = f"{public_url}/callbacks/wechatpay"
    adapter = WechatPay(wechatpay.url, callbacks, merchants, waiters=WAITERS)
    return {adapter.name: adapter}
