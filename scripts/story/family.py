"""A daughter pays for her father, and both are told."""

import time
from dataclasses import dataclass, field
from typing import Any

from scripts.story.telling import Client, Teller, holds

COPIES = 8


@dataclass
class Family:
    """The daughter, her father without an account, her mother with one."""

    api: str
    stubs: Client
    daughter: dict[str, Any]
    father: dict[str, Any]
    mother: dict[str, Any]
    father_phone: str
    app: Client = field(init=False)
    mothers_app: Client = field(init=False)
    bill: dict[str, Any] = field(default_factory=dict)
    order: dict[str, Any] = field(default_factory=dict)
    trade: str = ""

    def __post_init__(self) -> None:
        self.app = Client(self.api, self.stubs.http)
        self.mothers_app = Client(self.api, self.stubs.http)

    def tell(self, teller: Teller) -> None:
        """All steps in order."""
        teller.step("女儿从微信小程序登录 The daughter signs in from WeChat", self._sign_in)
        teller.step("按姓名和证件号码查父亲的缴费 Look up her father's bill", self._look_up)
        teller.step("查不到与查错都一样 A wrong name answers alike", self._wrong_name)
        teller.step("父亲收到短信告知 Her father is told by text message", self._told)
        teller.step("下单并调起微信支付 Order, and open WeChat Pay", self._order)
        teller.step(f"支付成功，{COPIES} 份乱序回调 Paid: {COPIES} shuffled copies", self._pay)
        teller.step("部门入账，订单办结 The department books it", self._settled)
        teller.step("账本只记一次，借贷相等 One posting, debits = credits", self._ledger)
        teller.step("双方各一份凭证 One receipt each", self._receipts)
        teller.step("双方都收到通知 Both are told", self._notices)
        teller.step("母亲授权，女儿可查可缴 Her mother gives a mandate", self._mandate)
        teller.step("母亲自己的凭证与通知 Her mother's own receipt and notice", self._mothers_own)
        teller.step("授权结束即失效 A mandate that ended is nothing", self._mandate_ends)

    def _sign_in(self) -> list[str]:
        me = self._enter(self.app, self.daughter)
        return [f"{me['name']}  {me['level']}"]

    def _look_up(self) -> list[str]:
        items = self._items(self.father["name"])
        holds(len(items) == 1, f"{len(items)} bills")
        self.bill = items[0]
        holds(
            set(self.bill) == {"id", "scheme", "period", "amount", "beneficiary", "status"},
            f"fields: {sorted(self.bill)}",
        )
        holds(set(self.bill["beneficiary"]) == {"masked_name"}, str(self.bill["beneficiary"]))
        return [
            f"{self.bill['beneficiary']['masked_name']}  {self.bill['period']} 年度  {self._yuan()}"
            "（演示金额 demonstration amount）"
        ]

    def _wrong_name(self) -> list[str]:
        holds(self._items("查无此人") == [], "a wrong name found something")
        return ['{"items": []}']

    def _told(self) -> list[str]:
        return [self._message(self.father_phone)]

    def _order(self) -> list[str]:
        key = {"Idempotency-Key": f"order-{self.bill['id']}"}
        body = {"bill_ids": [self.bill["id"]]}
        self.order = self.app.send("POST", "/api/v1/orders", body, 201, **key)
        again = self.app.send("POST", "/api/v1/orders", body, 201, **key)
        holds(again["id"] == self.order["id"], "a second order was made")
        wanted = {"provider": "wechatpay", "channel": "miniprogram"}
        path = f"/api/v1/orders/{self.order['id']}/payments"
        attempt = self.app.send("POST", path, wanted, 201)
        self.trade = attempt["out_trade_no"]
        return [f"订单 order {self.order['number']}  {self._yuan()}  商户单号 {self.trade}"]

    def _pay(self) -> list[str]:
        body = {"out_trade_no": self.trade, "copies": COPIES, "shuffle": True}
        sent = self.stubs.send("POST", "/wechatpay/simulate", body, 200)["sent"]
        self._await(lambda: self._status() in ("paid", "settled"), "the order is not paid")
        told = [each["status"] for each in sent]
        holds(len(told) == COPIES, f"{len(told)} copies")
        return [f"回调应答 answers: {told}", f"订单 order: {self._status()}"]

    def _settled(self) -> list[str]:
        self._await(lambda: self._status() == "settled", "the order is not settled")
        items = self.stubs.get(f"/departments/bookings?bill_id={self.bill['id']}")["items"]
        holds(len(items) == 1, f"{len(items)} bookings at the department")
        return [f"医保部门受理号 booked as {items[0]['booking_number']}"]

    def _ledger(self) -> list[str]:
        figures = self._figures()
        holds(figures['huiban_ledger_postings_last_hour{kind="payment"}'] == 1, str(figures))
        holds(figures['huiban_ledger_postings_last_hour{kind="settlement"}'] == 1, str(figures))
        holds(figures["huiban_ledger_difference_fen_last_hour"] == 0, str(figures))
        return ["收款 1 笔 · 划付 1 笔 · 借贷差 0 分 payment 1, settlement 1, difference 0 fen"]

    def _receipts(self) -> list[str]:
        mine = self.app.get("/api/v1/receipts")["items"]
        holds(len(mine) == 1, f"{len(mine)} receipts for the payer")
        holds(mine[0]["audience"] == "payer", str(mine[0]))
        figures = self._figures()
        holds(figures['huiban_receipts_last_hour{audience="beneficiary"}'] == 1, str(figures))
        return [f"缴费人 payer: {mine[0]['number']} · 参保人 beneficiary: 1"]

    def _notices(self) -> list[str]:
        def paid() -> list[dict[str, Any]]:
            items = self.app.get("/api/v1/notices")["items"]
            return [item for item in items if item["category"] == "payment"]

        self._await(lambda: len(paid()) > 0, "no notice in the daughter's inbox")
        notice = paid()[0]
        return [
            f"女儿 inbox: {notice['title']}——{notice['body']}",
            f"  为什么 why: {notice['why']['because']}",
            f"父亲 SMS: {self._message(self.father_phone, after=1)}",
        ]

    def _mandate(self) -> list[str]:
        self._enter(self.mothers_app, self.mother)
        body = {
            "person": self._person(self.mother),
            "relation": "parent",
            "scopes": ["pay"],
            "until": "2027-12-31",
        }
        asked = self.app.send("POST", "/api/v1/family/mandates", body, 201)
        holds((asked["person_id"], asked["status"]) == (None, "pending"), str(asked))
        self.mothers_app.send("POST", f"/api/v1/family/mandates/{asked['id']}/accept", None, 200)
        members = self.app.get("/api/v1/family/members")["items"]
        holds(len(members) == 2, f"{len(members)} members")
        self.mother |= {"mandate": asked["id"], "person_id": members[1]["person_id"]}
        bills = self.app.get(f"/api/v1/bills?beneficiary_id={members[1]['person_id']}")["items"]
        holds(len(bills) == 1, f"{len(bills)} bills")
        self.bill = bills[0]
        return [f"家庭成员 members: {'、'.join(member['masked_name'] for member in members)}"]

    def _mothers_own(self) -> list[str]:
        """Paid as her father's was. Whoever has an account finds receipt and news there."""
        for act in (self._order, self._pay, self._settled):
            act()

        def told() -> list[dict[str, Any]]:
            items = self.mothers_app.get("/api/v1/notices")["items"]
            return [item for item in items if item["category"] == "payment"]

        receipts = self.mothers_app.get("/api/v1/receipts")["items"]
        holds([each["audience"] for each in receipts] == ["beneficiary"], str(receipts))
        self._await(lambda: len(told()) > 0, "no notice in her mother's inbox")
        return [
            f"参保人 beneficiary: {receipts[0]['number']}",
            f"母亲 inbox: {told()[0]['title']}——{told()[0]['body']}",
        ]

    def _mandate_ends(self) -> list[str]:
        path = f"/api/v1/family/mandates/{self.mother['mandate']}"
        self.mothers_app.send("DELETE", path, None, 204)
        self.app.get(f"/api/v1/bills?beneficiary_id={self.mother['person_id']}", expect=404)
        return ["404"]

    def _items(self, name: str) -> list[dict[str, Any]]:
        body = self._person(self.father) | {"name": name, "scheme": "resident_medical"}
        items: list[dict[str, Any]] = self.app.send("POST", "/api/v1/bills/lookup", body, 200)[
            "items"
        ]
        return items

    def _enter(self, client: Client, person: dict[str, Any]) -> Any:
        opened = client.enter_by_wechat(self.stubs, person["phone"])
        if opened["citizen"]["level"] == "phone":
            proof = client.send("POST", "/api/v1/me/real-name", self._person(person), 200)
            client.token = proof["access_token"]
        return client.get("/api/v1/me")

    def _message(self, phone: str, after: int = 0) -> str:
        """The newest text message to `phone`, once more than `after` have come."""
        # A worker that died with a text in hand may have sent it: the next one waits two minutes.
        self._await(
            lambda: len(self.stubs.get(f"/sms/messages?phone={phone}")) > after,
            "no text message",
            within=180,
        )
        return str(self.stubs.get(f"/sms/messages?phone={phone}")[0]["text"])

    def _figures(self) -> dict[str, float]:
        lines = self.app.call("GET", "/metrics").text.splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))
        return {name: float(value) for name, value in pairs}

    def _status(self) -> str:
        return str(self.app.get(f"/api/v1/orders/{self.order['id']}")["status"])

    def _yuan(self) -> str:
        return f"¥{self.bill['amount']['amount'] / 100:.2f}"

    @staticmethod
    def _person(person: dict[str, Any]) -> dict[str, str]:
        return {
            "name": person["name"],
            "document_type": "resident_id",
            "document_number": person["document_number"],
        }

    @staticmethod
    def _await(fact: Any, otherwise: str, within: float = 60) -> None:
        end = time.monotonic() + within
        while not fact():
            holds(time.monotonic() < end, otherwise)
            time.sleep(0.2)
