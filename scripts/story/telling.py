"""How a story is told: numbered steps with times, facts that must hold, a client that is patient."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
from rich.console import Console

#: Seconds a client keeps trying while a part is being restarted.
PATIENCE = 40.0


class DoesNotHold(Exception):
    """Something the story promises is not so."""


def holds(fact: bool, otherwise: str) -> None:
    """Stop the story unless `fact`. `otherwise` says what was found instead."""
    if not fact:
        raise DoesNotHold(otherwise)


def open_http() -> httpx.Client:
    """The connections all clients of one story share. Close it at the end."""
    return httpx.Client(timeout=8, trust_env=False)


@dataclass
class Client:
    """A patient HTTP client: what a good app does when the network or the service hiccups."""

    base: str
    http: httpx.Client
    token: str | None = None

    def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send; repeat while the service cannot be reached or says 503. Writes carry a key."""
        headers = dict(options.pop("headers", {}))
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        return self.patiently(
            f"{method} {path}",
            lambda: self.http.request(method, self.base + path, headers=headers, **options),
        )

    def patiently(self, what: str, send: Callable[[], httpx.Response]) -> httpx.Response:
        """What `send` answers, sent again while the service cannot be reached or says 503."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                answer = send()
                if answer.status_code != 503:
                    return answer
            except httpx.TransportError:
                pass
            if time.monotonic() > end:
                raise DoesNotHold(f"{what}: {PATIENCE:.0f} 秒内无应答 no answer")
            time.sleep(0.3)

    def enter_by_wechat(self, stubs: "Client", phone: str) -> Any:
        """Sign in from the mini-program: WeChat's codes work once, so each try asks for new ones."""

        def send() -> httpx.Response:
            codes = stubs.send("POST", "/wechat/simulate/login", {"phone": phone}, 200)
            body = {"login_code": codes["login_code"], "phone_code": codes["phone_code"]}
            return self.http.post(f"{self.base}/api/v1/auth/miniprogram/wechat", json=body)

        opened = self._json(self.patiently("WeChat", send), 201)
        self.token = opened["access_token"]
        return opened

    def get(self, path: str, expect: int = 200, **options: Any) -> Any:
        """GET and the JSON of the answer, whose status must be `expect`."""
        return self._json(self.call("GET", path, **options), expect)

    def send(self, method: str, path: str, body: Any, expect: int, **headers: str) -> Any:
        """A write with a JSON body."""
        return self._json(self.call(method, path, json=body, headers=headers), expect)

    @staticmethod
    def _json(answer: httpx.Response, expect: int) -> Any:
        holds(
            answer.status_code == expect,
            f"{answer.request.method} {answer.request.url.path}: "
            f"{answer.status_code} ≠ {expect} {answer.text[:300]}",
        )
        return answer.json() if answer.content else None


@dataclass
class Teller:
    """Prints each step with its time and lets something happen after it (a part being killed)."""

    console: Console
    after_step: Callable[[], None]
    told: int = 0

    def step(self, title: str, act: Callable[[], list[str]]) -> None:
        """Perform one step; its lines are printed below its title. Raises `DoesNotHold`."""
        self.told += 1
        began = time.monotonic()
        try:
            lines = act()
        except DoesNotHold as error:
            self.console.print(
                f"[bold red]✗ {self.told:2}. {title}[/]\n     {error}", highlight=False
            )
            raise
        took = (time.monotonic() - began) * 1_000
        self.console.print(
            f"[bold green]✓ {self.told:2}. {title}[/]  [dim]{took:.0f} ms[/]", highlight=False
        )
        for line in lines:
            self.console.print(f"     {line}", highlight=False, markup=False)
        self.after_step()
