"""The outside world as one process knows it, and the bundle jobs are given."""

from dataclasses import dataclass

from app.connectors.exchange import (
    ExchangeHealthAuthority,
    ExchangePopulation,
    HealthAuthority,
    Population,
)
from app.connectors.medical_insurance import ExchangeMedicalInsurance, MedicalInsurance
from app.connectors.sms import SmsGateway, TencentSms
from app.connectors.wechat import Wechat, WechatApi
from app.core.runtime import Core


@dataclass(frozen=True)
class World:
    """The core and every outside party. Views and jobs get this; services never call a party."""

    core: Core
    sms: SmsGateway
    wechat: Wechat
    population: Population
    health_authority: HealthAuthority
    medical_insurance: MedicalInsurance

    def close(self) -> None:
        """Give all connections back, the core's included."""
        exchange = (self.population, self.health_authority, self.medical_insurance)
        for party in (self.sms, self.wechat, *exchange):
            party.close()
        self.core.close()


def build_world(core: Core, *, waiters: int) -> World:
    """Make the real adapters. `waiters` is how many threads may wait for one party."""
    settings = core.settings
    return World(
        core=core,
        sms=TencentSms(settings.sms, waiters=waiters),
        wechat=WechatApi(settings.wechat, waiters=waiters),
        population=ExchangePopulation("population", settings.population, waiters=waiters),
        health_authority=ExchangeHealthAuthority(
            "health_authority", settings.health_authority, waiters=waiters
        ),
        medical_insurance=ExchangeMedicalInsurance(
            "medical_insurance", settings.medical_insurance, waiters=waiters
        ),
    )
