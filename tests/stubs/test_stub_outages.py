"""A party fails exactly as told, and nothing else fails with it."""

import json
import threading
import time

import pytest

from miniprogram_stubs.outages import MOST_HANGING_CALLS, Outage, Outages

REAL_CALLS = {
    "sms": ("post", "/tencent-sms/"),
    "wechat": ("get", "/wechat/sns/jscode2session"),
    "population": ("post", "/exchange/population/verify"),
    "exit_entry": ("post", "/exchange/exit-entry/verify"),
    "business_registry": ("post", "/exchange/business-registry/entity"),
    "household_register": ("post", "/exchange/household-register/guardian"),
    "faceid": ("post", "/tencent-faceid/"),
    "health_authority": ("post", "/exchange/health/personnel"),
    "medical_insurance": ("post", "/exchange/medical-insurance/bills"),
    "alipay": ("post", "/alipay/gateway.do"),
    "dypns": ("post", "/dypns/"),
    "wechatpay": ("get", "/wechatpay/v3/certificates"),
    "fcm": ("post", "/fcm/token"),
}
#: Nobody here signs, and these three say so by their status.
WELL = dict.fromkeys(REAL_CALLS, 200) | {"wechatpay": 401, "fcm": 400, "dypns": 400}


def outage(client, party, mode, **more):
    answer = client.post("/simulate/outage", json={"party": party, "mode": mode, **more})
    assert answer.status_code == 200
    return answer.json


def call(client, party):
    method, path = REAL_CALLS[party]
    return getattr(client, method)(path, headers={"Accept": "application/json"})


@pytest.mark.parametrize("party", REAL_CALLS)
def test_a_failing_party_answers_like_a_broken_gateway_until_it_is_well(client, party):
    assert outage(client, party, "error")[party] == {"mode": "error", "seconds": 0}
    answer = call(client, party)
    assert (answer.status_code, answer.mimetype) == (502, "text/plain")
    assert "Wechatpay-Signature" not in answer.headers
    for other in set(REAL_CALLS) - {party}:
        assert call(client, other).status_code == WELL[other]
    outage(client, party, "ok")
    assert call(client, party).status_code == WELL[party]


def test_the_demonstration_calls_of_a_failing_party_go_on_working(client):
    for party in REAL_CALLS:
        outage(client, party, "error")
    assert client.get("/sms/messages").status_code == 200
    assert client.post("/wechat/simulate/login", json={"phone": "19900000001"}).status_code == 200
    assert client.get("/demo/accounts?limit=1").status_code == 200
    for path in ("/wechatpay/orders", "/fcm/messages", "/departments/bookings"):
        assert client.get(path).status_code == 200
    state = client.get("/simulate/outage").json
    assert state == {party: {"mode": "error", "seconds": 0} for party in REAL_CALLS}


def test_a_hanging_party_answers_late_but_answers(client):
    assert outage(client, "wechat", "hang", seconds=0.2)["wechat"]["seconds"] == 0.2
    began = time.monotonic()
    assert json.loads(call(client, "wechat").data)["errcode"] == 41002
    assert time.monotonic() - began >= 0.2


def test_ending_an_outage_wakes_the_calls_that_hang():
    outages = Outages()
    outages.put("sms", Outage("hang", 30))
    hanging = threading.Thread(target=outages.endure, args=("sms",))
    hanging.start()
    outages.put("wechat", Outage("error"))
    hanging.join(0.2)
    assert hanging.is_alive()
    outages.put("sms", Outage())
    hanging.join(5)
    assert not hanging.is_alive()


def test_hanging_calls_leave_threads_for_the_call_that_ends_the_outage():
    outages = Outages()
    outages.put("sms", Outage("hang", 30))
    hanging = [
        threading.Thread(target=outages.endure, args=("sms",)) for _ in range(MOST_HANGING_CALLS)
    ]
    for thread in hanging:
        thread.start()
    # A call that meets a hang of 10 ms comes back as None; the refusal is what shows it is full.
    outages.put("wechat", Outage("hang", 0.01))
    until = time.monotonic() + 5
    while (refused := outages.endure("wechat")) is None and time.monotonic() < until:
        pass
    assert refused is not None
    assert refused.status_code == 502
    outages.put("sms", Outage())
    for thread in hanging:
        thread.join(5)
        assert not thread.is_alive()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"party": "sms"},
        {"party": "nobody", "mode": "ok"},
        {"party": ["sms"], "mode": "ok"},
        {"party": "sms", "mode": "slow"},
        {"party": "sms", "mode": "hang", "seconds": 31},
        {"party": "sms", "mode": "hang", "seconds": 0},
        {"party": "sms", "mode": "hang", "seconds": "5"},
        {"party": "sms", "mode": "hang", "seconds": True},
        {"party": "sms", "mode": "ok", "until": "tomorrow"},
    ],
)
def test_an_outage_that_makes_no_sense_is_refused(client, body):
    answer = client.post("/simulate/outage", json=body)
    assert answer.status_code == 422
    assert answer.json["message"]
