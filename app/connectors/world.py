"""The outside world as one process knows it, and the bundle jobs are given."""

from dataclasses import dataclass, fields

from app.connectors.alipay import Alipay, AlipayApi
from app.connectors.business_registry import BusinessRegistry, ExchangeBusinessRegistry
from app.connectors.exchange import (
    ExchangeExitEntry,
    ExchangeHealthAuthority,
    ExchangePopulation,
    ExitEntry,
    HealthAuthority,
    Population,
)
from app.connectors.faceid import FaceVerifier, TencentFaceid
from app.connectors.household_register import ExchangeHouseholdRegister, HouseholdRegister
from app.connectors.medical_insurance import ExchangeMedicalInsurance, MedicalInsurance
from app.connectors.one_tap import AliyunOneTap, OneTap
from app.connectors.sms import SmsGateway, TencentSms
from app.connectors.wechat import Wechat, WechatApi
from app.core.runtime import Core


@dataclass(frozen=True)
class World:
    """The core and every outside party. Views and jobs get this; services never call a party."""

    core: Core
    sms: SmsGateway
    wechat: Wechat
    alipay: Alipay
    one_tap: OneTap
    population: Population
    exit_entry: ExitEntry
    business_registry: BusinessRegistry
    household_register: HouseholdRegister
    faceid: FaceVerifier
    health_authority: HealthAuthority
    medical_insurance: MedicalInsurance

    def close(self) -> None:
        """Give all connections back, the core's included."""
        self.close_parties()
        self.core.close()

    def close_parties(self) -> None:
        """Give back the connections to the outside."""
        for each in fields(self):
            if each.name != "core":
                getattr(self, each.name).close()


def build_world(core: Core, *, waiters: int) -> World:
    """Make the real adapters. `waiters` is how many threads may wait for one party."""
    settings = core.settings
    return World(
        core=core,
        sms=TencentSms(settings.sms, waiters=waiters),
        wechat=WechatApi(settings.wechat, waiters=waiters),
        alipay=AlipayApi(settings.alipay, production=settings.production, waiters=waiters),
        one_tap=AliyunOneTap(settings.one_tap, waiters=waiters),
        population=ExchangePopulation("population", settings.population, waiters=waiters),
        exit_entry=ExchangeExitEntry("exit_entry", settings.exit_entry, waiters=waiters),
        business_registry=ExchangeBusinessRegistry(
            "business_registry", settings.business_registry, waiters=waiters
        ),
        household_register=ExchangeHouseholdRegister(
            "household_register", settings.household_register, waiters=waiters
        ),
        faceid=TencentFaceid(settings.faceid, waiters=waiters),
        health_authority=ExchangeHealthAuthority(
            "health_authority", settings.health_authority, waiters=waiters
        ),
        medical_insurance=ExchangeMedicalInsurance(
            "medical_insurance", settings.medical_insurance, waiters=waiters
        ),
    )
