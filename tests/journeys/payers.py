"""People at phones that are patient, who order, pay at WeChat, and write down what they are told."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
from journal import Journal, Telling, Told

from scripts.story.family import Family
from scripts.story.telling import Client


@dataclass
class Payer:
    """One of them. `orders` keeps what has been seen of each: paid, settled."""

    key: str
    client: Client
    stubs: Client
    journal: Journal
    chance: random.Random
    orders: dict[str, list[str]] = field(default_factory=dict)

    def sign_in(self, person: dict[str, Any]) -> None:
        """From the mini-program, and prove the real name."""
        Family(self.client.base, self.stubs, person, {}, {}, "")._enter(self.client, person)

    def own_bill(self) -> dict[str, Any]:
        """The one the department asks of me."""
        (own,) = self.client.get("/api/v1/bills")["items"]
        return dict(own)

    def look_up(self, person: dict[str, Any]) -> list[dict[str, Any]]:
        """What can be paid for somebody."""
        wanted = {**Family._person(person), "scheme": "resident_medical"}
        items = self.client.send("POST", "/api/v1/bills/lookup", wanted, 200)["items"]
        return list(items)

    def order(self, bills: Sequence[dict[str, Any]]) -> bool:
        """Order these bills, pay, and have WeChat tell. False when somebody else has one of them."""
        trade = self.place(bills)
        if trade is not None:
            self.pay(trade)
        return trade is not None

    def place(self, bills: Sequence[dict[str, Any]]) -> str | None:
        """Order these bills and open the payment; its number at WeChat."""
        answer = self._placed([each["id"] for each in bills])
        if answer.status_code in (404, 409):
            return None
        assert answer.status_code == 201, answer.text
        order = answer.json()
        for line in order["lines"]:
            amount = line["amount"]["amount"]
            self._tell("ordered", order=order["id"], what=line["bill_id"], amount=amount)
        wanted = {"provider": "wechatpay", "channel": "miniprogram"}
        path = f"/api/v1/orders/{order['id']}/payments"
        trade = str(self.client.send("POST", path, wanted, 201)["out_trade_no"])
        self._tell("opened", order=order["id"], what=trade, amount=order["amount"]["amount"])
        self.orders[order["id"]] = []
        return trade

    def pay(self, trade: str) -> int:
        """Pay at WeChat, which tells us in one to eight shuffled copies. Answers how many."""
        copies = self.chance.randint(1, 8)
        body = {"out_trade_no": trade, "copies": copies, "shuffle": True}
        sent = self.stubs.send("POST", "/wechatpay/simulate", body, 200)["sent"]
        if any(each["accepted"] for each in sent):
            self._tell("acknowledged", what=trade)
        return copies

    def look_after(self, end: float) -> None:
        """Until `end`, ask whether all is settled; then for the receipts."""
        while time.monotonic() < end:
            for order_id, seen in self.orders.items():
                if seen[-1:] == ["settled"]:
                    continue
                status = self.client.get(f"/api/v1/orders/{order_id}")["status"]
                if status in ("paid", "settled") and status not in seen:
                    seen.append(status)
                    self._tell(status, order=order_id)
            if all(seen[-1:] == ["settled"] for seen in self.orders.values()):
                break
            time.sleep(1)
        for each in self.client.get("/api/v1/receipts?limit=100")["items"]:
            self._tell("receipt", what=each["number"], amount=each["amount"]["amount"])

    def _placed(self, ids: Sequence[str]) -> httpx.Response:
        """The answer to the order; asked again while an earlier try is still at work."""
        key = {"Idempotency-Key": f"{self.key}-{'-'.join(ids)}"}
        body = {"bill_ids": list(ids)}
        while True:
            answer = self.client.call("POST", "/api/v1/orders", json=body, headers=key)
            if answer.status_code != 409 or answer.json()["code"] != "idempotency_in_progress":
                return answer
            time.sleep(0.3)

    def _tell(self, told: Telling, **what: Any) -> None:
        self.journal.write(Told(self.key, told, **what))
