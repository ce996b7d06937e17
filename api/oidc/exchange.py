"""Requests as Authlib reads them, and clients as it asks about them."""

import base64
import binascii
import re
from dataclasses import dataclass
from urllib.parse import unquote

from authlib.oauth2.rfc6749 import (
    ClientMixin,
    InvalidClientError,
    InvalidRequestError,
    OAuth2Payload,
    OAuth2Request,
)
from flask import request
from werkzeug.datastructures import MultiDict

from app.core.db import Session
from app.identity.openid import proof
from app.identity.openid.models import OpenidClient
from app.identity.openid.registration import may_redirect

#: Characters of one parameter, and of a client assertion.
LONGEST = 2_000
LONGEST_ASSERTION = 8_000
#: Values that Authlib puts into its error descriptions, which may hold only these characters.
_NAMED = ("client_id", "redirect_uri", "response_type", "grant_type")
_PLAIN = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*")


class Payload(OAuth2Payload):
    """Parameters that were each given once."""

    def __init__(self, parameters: dict[str, str]) -> None:
        self._parameters = parameters

    @property
    def data(self) -> dict[str, str]:
        """Name → value."""
        return self._parameters

    @property
    def datalist(self) -> dict[str, list[str]]:
        """Name → the one value."""
        return {name: [value] for name, value in self._parameters.items()}


class ProviderRequest(OAuth2Request):
    """A request whose parameters come from the one place where they belong, query or form."""

    def __init__(self, method: str, parameters: dict[str, str], repeated: frozenset[str]) -> None:
        # Whether our address is https is the settings' business; Authlib would read its own variable.
        super().__init__(method, "https://provider.invalid/", headers=request.headers)
        self.payload = Payload(parameters)
        #: Parameters given more than once; they have no value here.
        self.repeated = repeated

    @property
    def form(self) -> dict[str, str]:
        """The same parameters."""
        data: dict[str, str] = self.payload.data
        return data


def read(method: str, values: MultiDict[str, str]) -> ProviderRequest:
    """The parameters. Raises `InvalidRequestError` for text no parameter can be."""
    repeated = frozenset(name for name, all_ in values.lists() if len(all_) > 1)
    parameters = {name: value for name, value in values.items() if value and name not in repeated}
    for name, value in parameters.items():
        most = LONGEST_ASSERTION if name == "client_assertion" else LONGEST
        if len(value) > most or not value.isprintable():
            raise InvalidRequestError("A parameter is too long or not plain text.")
        if name in _NAMED and not _PLAIN.fullmatch(value):
            raise InvalidRequestError("A parameter holds characters it must not.")
    return ProviderRequest(method, parameters, repeated)


def read_form() -> ProviderRequest:
    """The form of an endpoint for clients. Raises `InvalidRequestError` for repeated parameters."""
    found = read("POST", request.form)
    if found.repeated:
        raise InvalidRequestError("A parameter was given more than once.")
    return found


@dataclass(frozen=True)
class Client(ClientMixin):
    """A registered client in Authlib's words."""

    row: OpenidClient

    def get_client_id(self) -> str:
        """The `client_id`."""
        return str(self.row.id)

    def get_default_redirect_uri(self) -> None:
        """There is none: the request names it."""

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """The scope as asked for, if the client may have all of it; None refuses."""
        wished = (scope or "").split()
        good = "openid" in wished and set(wished) <= set(self.row.scopes)
        return " ".join(dict.fromkeys(wished)) if good else None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Exactly one of the registered ones."""
        return may_redirect(self.row, redirect_uri)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """The method it was registered with."""
        return self.row.auth_method == method

    def check_response_type(self, response_type: str) -> bool:
        """Codes only."""
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        """A refresh token serves only those who may ask for it."""
        if grant_type == "refresh_token":
            return "offline_access" in self.row.scopes
        return grant_type == "authorization_code"


def identify(session: Session, asked: ProviderRequest, audiences: set[str]) -> Client:
    """The client, proved by the one method it is registered with. Raises `InvalidClientError`."""
    form, header = asked.form, request.headers.get("Authorization")
    assertion = form.get("client_assertion")
    if "client_secret" in form or (header and assertion):
        raise InvalidClientError(description="Use the one method the client is registered with.")
    if header:
        name, secret = _basic(header)
        row = proof.by_secret(session, name, secret)
    elif assertion or "client_assertion_type" in form:
        right_type = form.get("client_assertion_type") == proof.ASSERTION_TYPE
        row = proof.by_assertion(session, assertion or "", audiences) if right_type else None
    else:
        row = proof.by_name_only(session, form.get("client_id", ""))
    # A client that also names itself must name itself.
    if row is None or form.get("client_id", str(row.id)) != str(row.id):
        raise InvalidClientError(
            description="The client is unknown or did not prove itself.", status_code=401
        )
    return Client(row)


def _basic(header: str) -> tuple[str, str]:
    scheme, _, text = header.partition(" ")
    try:
        name, _, secret = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return (unquote(name), unquote(secret)) if scheme.lower() == "basic" else ("", "")
