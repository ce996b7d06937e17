"""How each outside party is reached: its address, our credentials there, and where keys lie."""

from dataclasses import dataclass
from pathlib import Path

from environs import Env


@dataclass(frozen=True)
class SmsSettings:
    """Tencent Cloud SMS: the account, the application, the signature and the approved templates."""

    url: str
    secret_id: str
    secret_key: str
    sdk_app_id: str
    sign_name: str
    login_template: str
    #: A code that confirms an act of somebody who is signed in.
    confirm_template: str
    security_template: str
    #: Somebody looked up what one owes, to pay it: when, who (masked), what for.
    lookup_template: str
    settled_template: str
    #: Somebody asked to act for one, may, or no longer may: who (masked), what, the number.
    mandate_template: str


@dataclass(frozen=True)
class WechatSettings:
    """The WeChat mini-program's application."""

    url: str
    appid: str
    secret: str


@dataclass(frozen=True)
class AlipaySettings:
    """The Alipay mini-program's application: its address, its own RSA key and Alipay's public one."""

    url: str
    app_id: str
    private_key_file: Path
    public_key_file: Path
    #: Of the interface content encryption: 16 bytes in base64.
    aes_key: str


@dataclass(frozen=True)
class OneTapSettings:
    """Aliyun's number authentication: the address and the key pair."""

    url: str
    access_key_id: str
    access_key_secret: str


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


#: What people call each party, in Chinese and English.
NAMES = {
    "population": ("公安人口库", "The police population database"),
    "exit_entry": ("出入境管理机构", "The exit-entry administration"),
    "household_register": ("公安户籍系统", "The household register"),
    "business_registry": ("市场监管企业登记系统", "The business registry"),
    "health_authority": ("卫生健康部门", "The health authority"),
    "medical_insurance": ("医疗保障部门", "The medical insurance department"),
    "faceid": ("人脸核验服务", "The face check service"),
    "sms": ("短信服务", "The text message service"),
    "one_tap": ("运营商本机号码认证服务", "The carrier's phone number service"),
    "wechat": ("微信", "WeChat"),
    "wechatpay": ("微信支付", "WeChat Pay"),
    "alipay": ("支付宝", "Alipay"),
}
#: Reading bills and beginning to pay: nothing was entered that could be lost.
ASKED_WITHOUT_A_FORM = {"medical_insurance", "wechatpay"}
UNNAMED = ("对方系统", "The other system")

#: The hosts each party really lives at.
KNOWN_HOSTS = {
    "HUIBAN_SMS_URL": {"sms.tencentcloudapi.com"},
    "HUIBAN_FACEID_URL": {"faceid.tencentcloudapi.com"},
    "HUIBAN_WECHAT_URL": {"api.weixin.qq.com", "api2.weixin.qq.com"},
    "HUIBAN_ALIPAY_URL": {"openapi.alipay.com"},
    "HUIBAN_ONE_TAP_URL": {"dypnsapi.aliyuncs.com"},
    "HUIBAN_WECHATPAY_URL": {"api.mch.weixin.qq.com", "api2.wechatpay.cn"},
    "HUIBAN_FCM_URL": {"fcm.googleapis.com"},
}

#: Credentials that production must have.
SECRETS = (
    "HUIBAN_SMS_SECRET_KEY",
    "HUIBAN_WECHAT_SECRET",
    "HUIBAN_ALIPAY_AES_KEY",
    "HUIBAN_ONE_TAP_ACCESS_KEY_SECRET",
    "HUIBAN_POPULATION_APP_KEY",
    "HUIBAN_EXIT_ENTRY_APP_KEY",
    "HUIBAN_BUSINESS_REGISTRY_APP_KEY",
    "HUIBAN_HOUSEHOLD_REGISTER_APP_KEY",
    "HUIBAN_FACEID_SECRET_KEY",
    "HUIBAN_HEALTH_AUTHORITY_APP_KEY",
    "HUIBAN_MEDICAL_INSURANCE_APP_KEY",
)


def read_sms(env: Env) -> SmsSettings:
    """Text messages."""
    return SmsSettings(
        url=env.str("HUIBAN_SMS_URL", "https://sms.tencentcloudapi.com/"),
        secret_id=env.str("HUIBAN_SMS_SECRET_ID"),
        secret_key=env.str("HUIBAN_SMS_SECRET_KEY"),
        sdk_app_id=env.str("HUIBAN_SMS_SDK_APP_ID"),
        sign_name=env.str("HUIBAN_SMS_SIGN_NAME", "汇办"),
        login_template=env.str("HUIBAN_SMS_LOGIN_TEMPLATE"),
        confirm_template=env.str("HUIBAN_SMS_CONFIRM_TEMPLATE"),
        security_template=env.str("HUIBAN_SMS_SECURITY_TEMPLATE"),
        lookup_template=env.str("HUIBAN_SMS_LOOKUP_TEMPLATE"),
        settled_template=env.str("HUIBAN_SMS_SETTLED_TEMPLATE"),
        mandate_template=env.str("HUIBAN_SMS_MANDATE_TEMPLATE"),
    )


def read_wechat(env: Env) -> WechatSettings:
    """The WeChat mini-program."""
    return WechatSettings(
        url=env.str("HUIBAN_WECHAT_URL", "https://api.weixin.qq.com"),
        appid=env.str("HUIBAN_WECHAT_APPID"),
        secret=env.str("HUIBAN_WECHAT_SECRET"),
    )


def read_alipay(env: Env) -> AlipaySettings:
    """The Alipay mini-program."""
    return AlipaySettings(
        url=env.str("HUIBAN_ALIPAY_URL", "https://openapi.alipay.com/gateway.do"),
        app_id=env.str("HUIBAN_ALIPAY_APP_ID"),
        private_key_file=env.path("HUIBAN_ALIPAY_PRIVATE_KEY_FILE"),
        public_key_file=env.path("HUIBAN_ALIPAY_PUBLIC_KEY_FILE"),
        aes_key=env.str("HUIBAN_ALIPAY_AES_KEY"),
    )


def read_one_tap(env: Env) -> OneTapSettings:
    """One-tap sign-in."""
    return OneTapSettings(
        url=env.str("HUIBAN_ONE_TAP_URL", "https://dypnsapi.aliyuncs.com/"),
        access_key_id=env.str("HUIBAN_ONE_TAP_ACCESS_KEY_ID"),
        access_key_secret=env.str("HUIBAN_ONE_TAP_ACCESS_KEY_SECRET"),
    )


def read_wechatpay(env: Env) -> WechatPaySettings:
    """WeChat Pay."""
    return WechatPaySettings(
        url=env.str("HUIBAN_WECHATPAY_URL", "https://api.mch.weixin.qq.com"),
        merchants_file=env.path("HUIBAN_WECHATPAY_MERCHANTS_FILE"),
    )


def read_faceid(env: Env) -> FaceidSettings:
    """Face verification."""
    return FaceidSettings(
        url=env.str("HUIBAN_FACEID_URL", "https://faceid.tencentcloudapi.com/"),
        secret_id=env.str("HUIBAN_FACEID_SECRET_ID"),
        secret_key=env.str("HUIBAN_FACEID_SECRET_KEY"),
        rule_id=env.str("HUIBAN_FACEID_RULE_ID"),
    )


def read_exchange(env: Env, prefix: str) -> ExchangeSettings:
    """One service of the data-sharing exchange, whose variables begin with `prefix`."""
    return ExchangeSettings(
        url=env.str(f"{prefix}_URL"),
        requester_id=env.str(f"{prefix}_REQUESTER_ID"),
        service_id=env.str(f"{prefix}_SERVICE_ID"),
        app_key=env.str(f"{prefix}_APP_KEY"),
    )


def read_fcm(env: Env) -> FcmSettings:
    """Firebase Cloud Messaging."""
    return FcmSettings(
        url=env.str("HUIBAN_FCM_URL", "https://fcm.googleapis.com"),
        service_account_file=env.path("HUIBAN_FCM_SERVICE_ACCOUNT_FILE"),
    )
