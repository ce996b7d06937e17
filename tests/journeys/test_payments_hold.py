"""A hundred payments with shuffled copies while the web and the database are killed: each counts once."""

import random
import threading
import time

import psycopg
import pytest

from scripts.story.family import Family
from scripts.story.telling import Client

ORDERS = 100
#: Residents with a bill of their own; r101 to r110 have paid elsewhere.
PAYERS = [*range(41, 101), *range(111, 151)]


@pytest.fixture(scope="module")
def orders(stack, http, people):
    """A hundred orders with an open WeChat payment each: (number at WeChat, order id, bill id)."""
    placed = []
    for number in PAYERS:
        person = people[f"r{number:03d}"]
        client = Client(stack.url, http)
        teller = Family(stack.url, Client(stack.stubs_url, http), person, {}, {}, "")
        teller._enter(client, person)
        bill = client.get("/api/v1/bills")["items"][0]
        key = {"Idempotency-Key": f"pay-{bill['id']}"}
        order = client.send("POST", "/api/v1/orders", {"bill_ids": [bill["id"]]}, 201, **key)
        wanted = {"provider": "wechatpay", "channel": "miniprogram"}
        path = f"/api/v1/orders/{order['id']}/payments"
        attempt = client.send("POST", path, wanted, 201)
        placed.append((attempt["out_trade_no"], order["id"], bill["id"]))
    return placed


def read(stack, query):
    with psycopg.connect(stack.services.addresses.owner_url) as connection:
        return connection.execute(query).fetchall()


def test_every_payment_counts_once_whatever_dies_meanwhile(stack, http, orders, supervised):
    stubs, copies = Client(stack.stubs_url, http), []
    choose = random.Random(7)

    def pay(trades):
        for trade in trades:
            count = choose.randint(1, 8)
            copies.append(count)
            body = {"out_trade_no": trade, "copies": count, "shuffle": True}
            stubs.send("POST", "/wechatpay/simulate", body, 200)

    trades = [trade for trade, _, _ in orders]
    threads = [threading.Thread(target=pay, args=(trades[part::4],)) for part in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    stack.services.kill_postgres()
    time.sleep(2)
    stack.kill_part("web")
    for thread in threads:
        thread.join(timeout=120)
    end = time.monotonic() + 100
    settled = "SELECT count(*) FROM orders WHERE status = 'settled'"
    while time.monotonic() < end:
        try:
            if read(stack, settled) == [(ORDERS,)]:
                break
        except psycopg.OperationalError:
            pass
        time.sleep(0.5)
    print(f"n = {len(orders)} orders, {sum(copies)} copies, web and PostgreSQL killed once each")
    assert read(stack, settled) == [(ORDERS,)]
    assert read(
        stack,
        "SELECT count(*), count(DISTINCT reference) FROM ledger_postings WHERE kind = 'payment'",
    ) == [(ORDERS, ORDERS)]
    assert read(stack, "SELECT sum(amount) FROM ledger_entries") == [(0,)]
    unbalanced = "SELECT posting_id FROM ledger_entries GROUP BY 1 HAVING sum(amount) <> 0"
    assert read(stack, unbalanced) == []
    assert read(stack, "SELECT count(*) FROM receipts") == [(2 * ORDERS,)]
    for _, _, bill in orders:
        assert len(stubs.get(f"/departments/bookings?bill_id={bill}")["items"]) == 1


@pytest.mark.parametrize("tamper", ["signature", "amount", "merchant", "order", "stale"])
def test_a_tampered_callback_moves_no_money(stack, http, people, tamper):
    number = 151 + ["signature", "amount", "merchant", "order", "stale"].index(tamper)
    person, stubs = people[f"r{number}"], Client(stack.stubs_url, http)
    client = Client(stack.url, http)
    Family(stack.url, stubs, person, {}, {}, "")._enter(client, person)
    bill = client.get("/api/v1/bills")["items"][0]
    key = {"Idempotency-Key": f"pay-{bill['id']}"}
    order = client.send("POST", "/api/v1/orders", {"bill_ids": [bill["id"]]}, 201, **key)
    path = f"/api/v1/orders/{order['id']}"
    wanted = {"provider": "wechatpay", "channel": "miniprogram"}
    attempt = client.send("POST", f"{path}/payments", wanted, 201)
    before = read(stack, "SELECT count(*) FROM ledger_postings")
    body = {"out_trade_no": attempt["out_trade_no"], "copies": 3, "tamper": tamper}
    told = stubs.send("POST", "/wechatpay/simulate", body, 200)["sent"]
    assert all(each["status"] >= 400 for each in told), told
    assert client.get(path)["status"] in ("awaiting_payment", "held")
    assert read(stack, "SELECT count(*) FROM ledger_postings") == before
