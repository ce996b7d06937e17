"""Relying parties written by others, over real HTTP: npm's `openid-client` and Authlib's client."""

from __future__ import annotations

import html
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from scripts import node
from scripts.environment import ROOT, read_world
from scripts.stack import Layout, Stack, free_port

FOLDER = Path(__file__).parent / "rp"
EVERYTHING = "openid profile phone real_name offline_access"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The product as `make run` starts it, on ports and data of its own."""
    home = tmp_path_factory.mktemp("stack")
    with Stack(Layout(home=home, durable=False, quiet=True)) as running:
        yield running


@pytest.fixture(scope="module")
def people() -> dict[str, Any]:
    """The invented people by key."""
    return {person["key"]: dict(person) for person in read_world()["people"]}


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    """A person's browser, its cookies included."""
    with httpx.Client(timeout=10) as opened:
        yield opened


@pytest.fixture
def add_client(stack: Stack):
    """Register a client by the command; returns its id and, if it has one, its secret."""

    def add(*options: str, scopes: str = EVERYTHING) -> tuple[str, str | None]:
        named = [part for scope in scopes.split() for part in ("--scope", scope)]
        command = [
            *(sys.executable, "-m", "scripts.command", "openid", "client-add"),
            *("--name", "公积金查询", "--department", "市公积金中心", *named, *options),
        ]
        environment = stack.environment() | {"HUIBAN_HOME": str(stack.layout.home)}
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        )
        found = dict(re.findall(r"^(client_\w+)\s+(\S+)$", done.stdout, re.M))
        return found["client_id"], found.get("client_secret")

    return add


class Person:
    """Somebody on our pages, by plain links and forms."""

    def __init__(self, stack: Stack, phone: str, http: httpx.Client) -> None:
        self.http = http
        self.stubs, self.phone = stack.stubs_url, phone

    def sign_in(self, address: str, callback: str, *, until: str | None = None) -> Any:
        """From the authorisation request to the address the site is called back at.

        With `until` only to the page that says so.
        """
        page = self.follow(self.http.get(address), callback)
        if isinstance(page, httpx.Response) and 'name="phone"' in page.text:
            page = self.press(page, callback, step="phone", phone=self.phone)
            page = self.press(page, callback, step="code", code=self.code())
        if until is not None:
            assert until in page.text
            return page
        if isinstance(page, httpx.Response) and 'name="scope"' in page.text:
            scopes = re.findall(r'name="scope" value="(\w+)"', page.text)
            page = self.press(page, callback, step="consent", scope=scopes)
        assert isinstance(page, str), page.text
        return page

    def press(self, page: httpx.Response, callback: str, **fields: Any) -> httpx.Response | str:
        """Send the page's form."""
        csrf = html.unescape(re.search(r'name="csrf" value="([^"]+)"', page.text)[1])
        answer = self.http.post(page.url, data={"csrf": csrf, **fields})
        return self.follow(answer, callback)

    def follow(self, answer: httpx.Response, callback: str) -> httpx.Response | str:
        """Go on until there is a page or the way leads to the site."""
        while "location" in answer.headers:
            where = urljoin(str(answer.url), answer.headers["location"])
            if where.startswith(callback):
                return where
            answer = self.http.get(where)
        return answer

    def code(self) -> str:
        """From the newest text message."""
        for _ in range(100):
            messages = self.http.get(f"{self.stubs}/sms/messages?phone={self.phone}").json()
            if messages and messages[0]["code"]:
                return messages[0]["code"]
            time.sleep(0.1)
        raise AssertionError("no text message")


@pytest.fixture
def prove(stack: Stack, http: httpx.Client):
    """Prove somebody's real name in the mini-program, where no text message is needed."""

    def run(person: dict[str, Any]) -> None:
        api = f"{stack.url}/api/v1"
        codes = http.post(
            f"{stack.stubs_url}/wechat/simulate/login", json={"phone": person["phone"]}
        ).json()
        body = {name: codes[name] for name in ("login_code", "phone_code")}
        token = http.post(f"{api}/auth/miniprogram/wechat", json=body).json()["access_token"]
        document = {"document_type": "resident_id", "document_number": person["document_number"]}
        proof = http.post(
            f"{api}/me/real-name",
            json={"name": person["name"], **document},
            headers={"Authorization": f"Bearer {token}"},
        )
        assert proof.status_code == 200, proof.text

    return run


@pytest.fixture
def run_node(stack: Stack):
    """Run the Node relying party; returns what it learnt."""
    found = node.find(FOLDER)
    found.install(print)

    def run(phone: str, **variables: str) -> dict[str, Any]:
        spoken = found.run(
            *("node", "rp.js"),
            within=60,
            **{"ISSUER": stack.url, "STUBS": stack.stubs_url, "PHONE": phone, **variables},
        )
        return json.loads(spoken.splitlines()[-1])

    return run


def test_openid_client_with_a_secret_and_back_channel_logout(run_node, add_client, people):
    port = free_port()
    callback = f"http://127.0.0.1:{port}/callback"
    client_id, secret = add_client(
        *("--redirect-uri", callback, "--post-logout-redirect-uri", callback),
        *("--backchannel-logout-uri", f"http://127.0.0.1:{port}/logout"),
    )
    assert secret is not None
    told = run_node(
        people["r011"]["phone"],
        **{"CLIENT_ID": client_id, "SECRET": secret, "CALLBACK": callback},
        **{"LISTEN": str(port), "SCOPE": "openid profile phone offline_access"},
    )
    assert told["userinfo"]["phone_number"].endswith(people["r011"]["phone"])
    assert told["claims"]["acr"] == "urn:huiban:phone"
    assert told["refreshed"] is True
    assert told["after_refresh"] == told["userinfo"]
    assert (told["introspected"]["active"], told["introspected"]["client_id"]) == (True, client_id)
    assert told["after_revocation"] != "answered"
    assert told["replayed"] == "invalid_grant"
    assert told["same_nonce"] is True
    assert "nonce" in told["other_nonce"], "refused for that and nothing else"
    assert told["silent"] is True
    assert told["left"] == "?state=signed+out"
    assert told["logout"]["sub"] == told["claims"]["sub"]
    assert told["same_session"] is True


def test_openid_client_with_a_key_of_its_own(run_node, add_client, people, tmp_path):
    key = ECKey.generate_key("P-256", {"kid": "site-1"})
    jwks = tmp_path / "jwks.json"
    jwks.write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    callback = "http://127.0.0.1:9/callback"
    client_id, secret = add_client(
        *("--redirect-uri", callback, "--auth-method", "private_key_jwt", "--jwks", str(jwks))
    )
    assert secret is None
    told = run_node(
        people["r012"]["phone"],
        **{"CLIENT_ID": client_id, "KEY": json.dumps(key.as_dict(private=True))},
        **{"CALLBACK": callback, "SCOPE": "openid profile"},
    )
    assert told["introspected"]["active"] is True
    assert told["replayed"] == "invalid_grant"
    assert told["same_nonce"] is True
    assert "nonce" in told["other_nonce"], "refused for that and nothing else"
    assert told["silent"] is True


def test_openid_client_that_can_keep_no_secret(run_node, add_client, people):
    callback = "http://127.0.0.1:51771/callback"
    client_id, _ = add_client(
        *("--redirect-uri", "http://127.0.0.1/callback", "--native", "--auth-method", "none"),
    )
    told = run_node(
        people["r013"]["phone"], CLIENT_ID=client_id, CALLBACK=callback, SCOPE="openid profile"
    )
    assert told["userinfo"] == {"sub": told["claims"]["sub"], "level": "phone"}
    assert told["after_revocation"] != "answered"


def authlibs_client(client_id, secret, method, callback, metadata):
    """Authlib's own, told nothing but what a site is told."""
    party = OAuth2Session(
        client_id,
        client_secret=secret,
        token_endpoint_auth_method=method,
        scope=EVERYTHING,
        redirect_uri=callback,
        code_challenge_method="S256",
    )
    if method == "private_key_jwt":
        proof = PrivateKeyJWT(metadata["token_endpoint"], headers={"kid": "site-2"}, alg="ES256")
        party.register_client_auth_method(proof)
    return party


@pytest.mark.parametrize(
    ("method", "key"), [("client_secret_basic", "r014"), ("private_key_jwt", "r015")]
)
def test_authlibs_client_learns_who_it_is(
    stack, add_client, people, prove, http, tmp_path, method, key
):
    person, callback = people[key], "http://127.0.0.1:9/callback"
    own = ECKey.generate_key("P-256", {"kid": "site-2"})
    (tmp_path / "jwks.json").write_text(json.dumps({"keys": [own.as_dict(private=False)]}))
    options = ["--redirect-uri", callback, "--auth-method", method]
    if method == "private_key_jwt":
        options += ["--jwks", str(tmp_path / "jwks.json")]
    client_id, secret = add_client(*options)
    metadata = httpx.get(f"{stack.url}/.well-known/openid-configuration").json()
    party = authlibs_client(client_id, secret or own, method, callback, metadata)
    verifier, wish = "v" * 64, {"nonce": "n-1", "acr_values": "urn:huiban:real_name"}
    address, state = party.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=verifier, **wish
    )
    somebody = Person(stack, person["phone"], http)
    page = somebody.sign_in(address, callback, until="实名认证")
    prove(person)
    back = somebody.sign_in(str(page.url), callback)
    tokens = party.fetch_token(
        metadata["token_endpoint"], authorization_response=back, state=state, code_verifier=verifier
    )
    keys = KeySet.import_key_set(httpx.get(metadata["jwks_uri"]).json())
    claims = jwt.decode(tokens["id_token"], keys, algorithms=["ES256"]).claims
    jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": stack.url},
        aud={"essential": True, "value": client_id},
        nonce={"essential": True, "value": "n-1"},
        acr={"essential": True, "value": "urn:huiban:real_name"},
    ).validate(claims)
    info = party.get(metadata["userinfo_endpoint"]).json()
    assert (info["sub"], info["name"]) == (claims["sub"], person["name"])
    assert info["document_number"] == person["document_number"]
    before = tokens["refresh_token"]
    assert party.refresh_token(metadata["token_endpoint"], before)["refresh_token"] != before
    party.close()
