"""The business registry (市场监管法人库) behind the data-sharing exchange: who stands for a company."""

from dataclasses import dataclass
from typing import Literal, Protocol

from app.connectors.exchange import DOCUMENT_CODES, Exchange
from app.core.http import PartyUnavailable

PARTY = "business_registry"
RegistryStatus = Literal["active", "revoked", "deregistered"]
#: 经营状态: 1 存续, 2 吊销, 3 注销.
STATUSES: dict[str, RegistryStatus] = {"1": "active", "2": "revoked", "3": "deregistered"}
_KINDS = {code: kind for kind, code in DOCUMENT_CODES.items()}


@dataclass(frozen=True)
class RegisteredEntity:
    """What the registry says of one unified social credit code."""

    uscc: str
    name: str
    status: RegistryStatus
    #: The legal representative (法定代表人), as their document names them.
    representative_name: str
    representative_document_type: str
    representative_document_number: str


class BusinessRegistry(Protocol):
    """Knows companies by their code."""

    def entity(self, uscc: str) -> RegisteredEntity | None:
        """The entry, or None for an unknown code. Raises `PartyUnavailable`."""

    def close(self) -> None:
        """Give the connections back."""


class ExchangeBusinessRegistry(Exchange):
    """The registry behind the exchange."""

    def entity(self, uscc: str) -> RegisteredEntity | None:
        """See `BusinessRegistry.entity`."""
        data = self.ask({"TYSHXYDM": uscc})
        try:
            if data["CXJG"] != "1":
                return None
            if data["TYSHXYDM"] != uscc:
                raise ValueError("an answer about another company")
            return RegisteredEntity(
                uscc=uscc,
                name=_text(data["QYMC"]),
                status=STATUSES[data["JYZT"]],
                representative_name=_text(data["FDDBR"]),
                representative_document_type=_KINDS[data["FDDBRZJLX"]],
                representative_document_number=_text(data["FDDBRZJHM"]).upper(),
            )
        except (KeyError, TypeError, ValueError):
            raise PartyUnavailable(PARTY) from None


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("empty")
    return value
