"""Two thousand orders, their callbacks shuffled among forged ones of all families, everything killed."""

import itertools
import json
import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import psycopg
import pytest
from forgeries import MISFITTING, UNVERIFIED, Scene
from journal import Journal, compare, read_records
from payers import Payer
from support import resident_id
from wechat_sender import PATH, Sender

from scripts import stack as stacks
from scripts.demo import supervise
from scripts.environment import read_world, stub_keys
from scripts.stack import Layout, Stack, StackError
from scripts.story.telling import Client, open_http

#: Orders that are paid, and orders about which WeChat's own keys sign what does not fit.
PAID, VICTIMS = 2_000, 100
FORGED = 4_000
#: Orders a payer: their own bill and nine others, as many as may be looked up in a day.
EACH = 10
THREADS = 4
#: Residents whose bill was not paid elsewhere.
PAYERS = [f"r{number:03d}" for number in (*range(1, 101), *range(111, 241))]
KILLED = ("postgres", "worker", "web")
#: Seconds after a part is back until the next one is killed, and until all must be settled.
REST, SETTLED_WITHIN = 2, 300


@pytest.fixture(scope="module")
def insured():
    """More people than the demonstration has, each with a bill."""
    return [
        {
            **next(each for each in read_world()["people"] if each["key"] == "r041"),
            "key": f"x{number:04d}",
            "name": f"测{chr(0x4E00 + number)}",
            "document_number": resident_id(number),
            "phone": None,
            "openid": None,
        }
        for number in range(PAID + VICTIMS)
    ]


@pytest.fixture(scope="module")
def stack(tmp_path_factory, insured):
    """The product beside an outside world that has these people."""
    home = tmp_path_factory.mktemp("stack")
    world = read_world()
    world["people"] += insured
    file = home / "world.json"
    file.write_text(json.dumps(world, ensure_ascii=False))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stacks, "WORLD", file)
        with Stack(Layout(home=home, durable=False, trusted_proxies=1, quiet=True)) as running:
            yield running


@pytest.fixture(scope="module")
def journal(tmp_path_factory):
    return Journal(tmp_path_factory.mktemp("journal"))


@pytest.fixture(scope="module")
def placed(stack, insured, journal):
    """Every order with its payment open, in the order of placing: (payer, number at WeChat)."""
    people = {each["key"]: each for each in read_world()["people"]}
    others = [insured[at : at + EACH - 1] for at in range(0, len(insured), EACH - 1)]
    count = (PAID + VICTIMS) // EACH

    def place(number, key, looked_up):
        with open_http() as http:
            # Each from an address of their own, as phones are.
            http.headers["X-Forwarded-For"] = f"10.0.{number // 250}.{number % 250 + 1}"
            stubs = Client(stack.stubs_url, http)
            payer = Payer(key, Client(stack.url, http), stubs, journal, random.Random(key))
            payer.sign_in(people[key])
            bills = [payer.own_bill(), *(payer.look_up(each)[0] for each in looked_up)]
            return [(payer, payer.place([bill])) for bill in bills]

    with ThreadPoolExecutor(THREADS) as pool:
        made = pool.map(place, range(count), PAYERS[:count], others)
        return [order for of_payer in made for order in of_payer]


@contextmanager
def dying(stack):
    """One part after the other is killed as soon as all is well again, each at least once.

    Yields how often.
    """
    stop, killed = threading.Event(), Counter()

    def kill():
        for part in itertools.cycle(KILLED):
            if stop.wait(REST):
                return
            stack.services.kill_postgres() if part == "postgres" else stack.kill_part(part)
            killed[part] += 1
            while not stop.wait(0.2):
                try:
                    stack.wait_until_ready(within=1)
                    break
                except StackError:
                    pass

    threads = [
        threading.Thread(target=kill),
        threading.Thread(target=supervise, args=(stack, stop)),
    ]
    for thread in threads:
        thread.start()
    try:
        yield killed
        while set(killed) != set(KILLED):
            time.sleep(0.1)
        # Whatever is down at the end comes back too.
        stack.wait_until_ready()
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def answered(http, url, forge, scene):
    """The status a forgery was answered with; sent anew as long as nobody answers at all."""
    while True:
        ref, headers, body = forge(scene)
        raw = {name: value.encode("latin-1") for name, value in headers.items()}
        try:
            return http.post(f"{url}{PATH}/{ref}", content=body, headers=raw).status_code
        except httpx.TransportError:
            time.sleep(0.2)


def scenes(stack, trades, amount=40_000):
    """A scene for each number at WeChat."""
    folder = stub_keys(stack.layout.home)
    medical = Sender.towards(folder, "medical")
    social = Sender.towards(folder, "social", "public_key")
    return [Scene(medical, social, trade, amount) for trade in trades]


def forge_all(stack, trades, victims):
    """Send all forgeries; answers the statuses by kind. A misfit is sent until it is heard."""
    chance = random.Random(11)
    told = {"unverified": Counter(), "misfitting": Counter()}
    misfits = list(zip(scenes(stack, victims), itertools.cycle(MISFITTING.values())))
    names = itertools.islice(itertools.cycle(UNVERIFIED.values()), FORGED - len(misfits))
    known = scenes(stack, trades + victims)
    work = [("unverified", forge, chance.choice(known)) for _, forge in names]
    work += [("misfitting", forge, scene) for scene, (_, forge) in misfits]
    chance.shuffle(work)
    with open_http() as http:
        for kind, forge, scene in work:
            status = answered(http, stack.url, forge, scene)
            while kind == "misfitting" and status == 503:
                told[kind][status] += 1
                time.sleep(0.2)
                status = answered(http, stack.url, forge, scene)
            told[kind][status] += 1
    return told


def read(stack, query):
    with psycopg.connect(stack.services.addresses.owner_url) as connection:
        return connection.execute(query).fetchall()


def await_settled(stack):
    end = time.monotonic() + SETTLED_WITHIN
    while time.monotonic() < end:
        if read(stack, "SELECT count(*) FROM orders WHERE status = 'settled'") == [(PAID,)]:
            return
        time.sleep(1)


@pytest.mark.faults
@pytest.mark.timeout(1_200)
def test_forged_callbacks_and_killed_parts_leave_each_payment_booked_once(
    stack, placed, journal, tell
):
    began = time.monotonic()
    assert len(placed) == PAID + VICTIMS
    shuffled = random.Random(5).sample(placed, len(placed))
    paid, victims = shuffled[:PAID], [trade for _, trade in shuffled[PAID:]]
    parts = [paid[part::THREADS] for part in range(THREADS)]

    def pay(orders):
        with open_http() as http:
            stubs = Client(stack.stubs_url, http)
            copies = 0
            for payer, trade in orders:
                payer.stubs = stubs
                copies += payer.pay(trade)
            return copies

    with dying(stack) as killed, ThreadPoolExecutor(THREADS + 1) as pool:
        forging = pool.submit(forge_all, stack, [trade for _, trade in paid], victims)
        copies = sum(pool.map(pay, parts))
        told = forging.result()
    heard = time.monotonic() - began
    await_settled(stack)
    with open_http() as http:
        records = read_records(stack.services.addresses.owner_url, Client(stack.stubs_url, http))
    took = time.monotonic() - began
    unverified, misfitting = (sum(counted.values()) for counted in told.values())
    tell(
        "payments forged and killed",
        f"n = {PAID:,} orders paid in {copies:,} copies, {unverified:,} forgeries of"
        f" {len(UNVERIFIED)} families {dict(told['unverified'])} and {misfitting:,} misfits of"
        f" {len(MISFITTING)} {dict(told['misfitting'])} about {VICTIMS} others; killed"
        f" {dict(killed)}; {len(journal.read()):,} lines compared; heard in {heard:.0f} s, settled"
        f" and compared in {took:.0f} s",
    )
    assert compare(journal.read(), records) == []
    assert Counter(each.status for each in records.orders) == {"settled": PAID, "held": VICTIMS}
    assert len({each.bill for each in records.bookings}) == len(records.bookings) == PAID
    assert sum(each.kind == "payment" for each in records.postings) == PAID
    # No forgery is accepted, and none is even looked up: the database away makes no difference.
    assert all(400 <= status < 500 for status in told["unverified"])
    assert set(told["misfitting"]) <= {400, 503}
    outcomes = dict(
        read(stack, "SELECT outcome, count(DISTINCT attempt_id) FROM provider_events GROUP BY 1")
    )
    assert outcomes["applied"] == PAID
    assert outcomes["mismatch"] == VICTIMS
    assert set(outcomes) <= {"applied", "repeated", "mismatch", "ignored"}
