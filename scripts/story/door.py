"""From a newcomer's first look at the menu to a scan at a door."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zxingcpp
from PIL import Image

from healthcode import qr
from scripts.story.telling import Client, Teller, holds

WUHAN = "420100000000"
HEALTHY = {
    "temperature_c": 36.5,
    "symptoms": [],
    "contact": "no",
    "risk_area": "low",
    "confirmed_true": True,
}


@dataclass
class Door:
    """The people of this chapter and what they hold."""

    api: str
    stubs: Client
    folder: Path
    resident: dict[str, Any]
    contact: dict[str, Any]
    staff: dict[str, Any]
    app: Client = field(init=False)
    other: Client = field(init=False)
    scanner: Client = field(init=False)
    code: str = ""
    refresh_token: str = ""

    def __post_init__(self) -> None:
        self.app, self.other, self.scanner = (self._client() for _ in range(3))

    def tell(self, teller: Teller) -> None:
        """All steps in order."""
        teller.step("看看武汉能办什么 What can be done in Wuhan", self._menu)
        teller.step("搜索 Search", self._search)
        teller.step("手机验证码登录 Sign in by phone code", self._sign_in)
        teller.step("错误验证码被拒 A wrong code is refused", self._wrong_code)
        teller.step("实名认证 Prove the real name", self._real_name)
        teller.step("健康申报，得到绿码 Declare, get a green code", self._declare)
        teller.step("二维码：独立解码器读回 QR, read back by another decoder", self._draw)
        teller.step("场所人员登录并扫码 Venue staff sign in and scan", self._scan)
        teller.step("断网重发同一次扫码 The same scan, sent again", self._repeat)
        teller.step("伪造与篡改的码 Forged and altered codes", self._forge)
        teller.step("密切接触者是红码 A close contact is red", self._red)
        teller.step("谁扫过我 Who scanned me", self._my_scans)
        teller.step("微信小程序登录同一账号 WeChat reaches the same account", self._wechat)
        teller.step("令牌轮换与远程退出 Rotation and remote sign-out", self._sign_out)

    def _client(self) -> Client:
        return Client(self.api, self.stubs.http)

    def _menu(self) -> list[str]:
        places = self.app.get("/api/v1/regions?parent=420000000000")["items"]
        path = f"/api/v1/menu?region={WUHAN}&audience=person"
        answer = self.app.call("GET", path)
        menu = answer.json()
        themes = [theme for theme in menu["themes"] if theme["matters"]]
        again = self.app.call("GET", path, headers={"If-None-Match": answer.headers["ETag"]})
        holds(again.status_code == 304, f"ETag → {again.status_code}")
        count = sum(len(theme["matters"]) for theme in themes)
        holds(len(places) == 17, f"{len(places)} 市州")
        holds(count > 700, f"{count} matters")
        return [
            f"{len(places)} 个市州 · {len(themes)} 个主题 themes · {count} 个事项 matters · 304 ✓",
            "热门 hot: " + "、".join(card["name"] for card in menu["hot"][:5]),
        ]

    def _search(self) -> list[str]:
        found = self.app.get(f"/api/v1/matters?q=身份证&region={WUHAN}&limit=3")["items"]
        holds(len(found) > 0, "nothing found")
        return [f"身份证 → {card['name']}（{card['department']}）" for card in found]

    def _sign_in(self) -> list[str]:
        body = self._enter(self.app, self.resident["phone"], "phone-1")
        self.refresh_token = body["refresh_token"]
        return [f"{self.resident['name']}  等级 level: {body['citizen']['level']}"]

    def _wrong_code(self) -> list[str]:
        body = {"phone": self.contact["phone"], "code": "000000", "device": _device("x")}
        refused = self.app.send("POST", "/api/v1/auth/sessions", body, 401)
        return [f"401 {refused['code']}: {refused['detail']}"]

    def _real_name(self) -> list[str]:
        self._prove(self.app, self.resident)
        me = self.app.get("/api/v1/me")
        holds(me["level"] == "real_name", str(me["level"]))
        return [f"{me['name']}  {me['document_number']}  {me['phone']}"]

    def _declare(self) -> list[str]:
        status = self._declared(self.app)
        holds((status["state"], status["colour"]) == ("active", "green"), str(status))
        self.code = status["code"]
        return [f"{self.code[:48]}…  {len(self.code)} 字符 characters"]

    def _draw(self) -> list[str]:
        status = self.app.get("/api/v1/health-code")
        self.code = status["code"]
        picture = self.folder / "code.png"
        picture.write_bytes(qr.png(self.code))
        with Image.open(picture) as image:
            read = [each.text for each in zxingcpp.read_barcodes(image)]
        holds(read == [self.code], "another decoder reads something else")
        return [*qr.terminal(self.code).splitlines(), f"→ {picture}"]

    def _scan(self) -> list[str]:
        self._enter(self.scanner, self.staff["phone"], "scanner-1")
        venue = self.scanner.get("/api/v1/verifier/venues")["items"][0]
        self.staff["venue"] = venue
        verdict = self._verify(self.code, "first")
        holds(verdict["verdict"] == "pass", str(verdict))
        self.staff["scan_id"] = verdict["scan_id"]
        return [f"{venue['name']}: {_spoken(verdict)}"]

    def _repeat(self) -> list[str]:
        verdict = self._verify(self.code, "first")
        holds(verdict["scan_id"] == self.staff["scan_id"], "a second scan was stored")
        return [f"同一条记录 the same record {verdict['scan_id']}"]

    def _forge(self) -> list[str]:
        flipped = self.code[:-3] + ("0" if self.code[-3] != "0" else "1") + self.code[-2:]
        told = []
        for name, code in (
            ("篡改 altered", flipped),
            ("乱码 nonsense", "HB1:HELLO"),
            ("小写 lower case", self.code.lower()),
        ):
            verdict = self._verify(code, name)
            holds(verdict["verdict"] == "refuse", str(verdict))
            holds(verdict["holder"] is None, "a holder was shown")
            told.append(f"{name}: {_spoken(verdict)}")
        return told

    def _red(self) -> list[str]:
        self._enter(self.other, self.contact["phone"], "phone-2")
        self._prove(self.other, self.contact)
        status = self._declared(self.other)
        holds(status["colour"] == "red", str(status))
        verdict = self._verify(status["code"], "contact")
        holds(verdict["verdict"] == "refuse", str(verdict))
        reasons = "；".join(reason["text"] for reason in status["reasons"])
        return [
            f"本人看到 the holder sees: {reasons}",
            f"门口看到 the door sees: {_spoken(verdict)}",
        ]

    def _my_scans(self) -> list[str]:
        scans = self.app.get("/api/v1/me/scans")["items"]
        holds(len(scans) == 1, f"{len(scans)} scans")
        return [f"{scan['at'][:19]}  {scan['venue']['name']}  {scan['verdict']}" for scan in scans]

    def _wechat(self) -> list[str]:
        me = self.app.get("/api/v1/me")["id"]
        opened = self._client().enter_by_wechat(self.stubs, self.resident["phone"])
        holds(opened["citizen"]["id"] == me, "another account")
        return [f"账号 account {me}"]

    def _sign_out(self) -> list[str]:
        body = {"refresh_token": self.refresh_token}
        fresh = self.app.send("POST", "/api/v1/auth/sessions/refresh", body, 200)
        holds(fresh["refresh_token"] != self.refresh_token, "not rotated")
        self.app.token = fresh["access_token"]
        devices = self.app.get("/api/v1/auth/sessions")["items"]
        away = next(device for device in devices if not device["current"])
        self.app.send("DELETE", f"/api/v1/auth/sessions/{away['id']}", None, 204)
        self.app.send("DELETE", "/api/v1/auth/sessions/current", None, 204)
        began = time.monotonic()
        while self.app.call("GET", "/api/v1/me").status_code != 401:
            holds(time.monotonic() - began < 5, "still signed in after 5 s")
            time.sleep(0.05)
        return [
            f"{len(devices)} 台设备 devices；退出后 {time.monotonic() - began:.1f} 秒失效 refused"
        ]

    def _enter(self, client: Client, phone: str, device: str) -> Any:
        client.send("POST", "/api/v1/auth/codes", {"phone": phone, "purpose": "login"}, 202)
        code = self._sms(phone)
        body = {"phone": phone, "code": code, "device": _device(device)}
        opened = client.send("POST", "/api/v1/auth/sessions", body, 201)
        client.token = opened["access_token"]
        return opened

    def _sms(self, phone: str) -> str:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            messages = self.stubs.get(f"/sms/messages?phone={phone}")
            if messages:
                return str(messages[0]["code"])
            time.sleep(0.1)
        holds(False, f"no text message came to {phone[:3]}…")
        return ""

    def _prove(self, client: Client, person: dict[str, Any]) -> None:
        body = {
            "name": person["name"],
            "document_type": "resident_id",
            "document_number": person["document_number"],
        }
        key = {"Idempotency-Key": f"prove-{person['key']}"}
        client.token = client.send("POST", "/api/v1/me/real-name", body, 200, **key)["access_token"]

    def _declared(self, client: Client) -> Any:
        """Declare; while the health authority's answer is outstanding the code is grey."""
        status = client.send("PUT", "/api/v1/health-code/declaration", HEALTHY, 200)
        end = time.monotonic() + 60
        while status["state"] != "active" and time.monotonic() < end:
            time.sleep(0.3)
            status = client.get("/api/v1/health-code")
        return status

    def _verify(self, code: str, scan: str) -> Any:
        body = {"code": code, "venue_id": self.staff["venue"]["id"], "client_scan_id": scan}
        return self.scanner.send("POST", "/api/v1/verifier/scans", body, 200)


def _device(name: str) -> dict[str, str]:
    return {"id": name, "name": f"演示设备 {name}", "platform": "android"}


def _spoken(verdict: dict[str, Any]) -> str:
    holder = verdict["holder"]["masked_name"] if verdict["holder"] else "—"
    reasons = ",".join(verdict["reasons"]) or "—"
    return (
        f"{verdict['verdict']} · {verdict['colour']} · {holder} · {reasons} · {verdict['action']}"
    )
