"""What the parties that vouch for somebody expect of their caller."""

from dataclasses import dataclass


@dataclass(frozen=True)
class AlipayParty:
    """The mini-program's application at Alipay; `aes_key` is base64."""

    app_id: str
    aes_key: str


@dataclass(frozen=True)
class OneTapParty:
    """The key pair of Aliyun's number authentication."""

    access_key_id: str
    access_key_secret: str


@dataclass(frozen=True)
class FaceidParty:
    """What the face verification expects of its caller, and the business flow set up for it."""

    secret_id: str
    secret_key: str
    rule_id: str
