"""Two hundred thousand people are reminded by one worker, killed on its way, while people sign in."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import psycopg
import pytest
from sqlalchemy import func, select, text

from app.connectors.world import build_world
from app.core import clock
from app.core.db import unit_of_work
from app.identity import sessions
from app.identity.models import Account
from app.identity.sessions import Device
from push import evaluating
from push.jobs import evaluate_due
from push.models import Delivery, Notice, RuleEvaluation

PEOPLE = 200_000
KILLS = 5
PERIOD = "resident-medical-payment-period"


def _id(kind, number="n"):
    """SQL for an id like those of the product: it grows with the number."""
    digest = f"md5('{kind}|' || {number})"
    return (
        f"(lpad(to_hex(1700000000000 + {number}), 12, '0') || '7' || substr({digest}, 1, 3)"
        f" || '8' || substr({digest}, 4, 15))::uuid"
    )


#: Everybody has an account, is signed in and has a phone; every fifth has a bill, half of them paid;
#: every tenth is also looked after by the next one.
CROWD = (
    "INSERT INTO persons (id, document_type, document_index, name_sealed, document_sealed, sex,"
    " birth_date, household_division, created_at) SELECT {person}, 'resident_id',"
    " sha256(('d' || n)::bytea), '-', '-', '9', '1990-01-01', '420106', now() FROM {people}",
    "INSERT INTO accounts (id, phone_index, phone_sealed, person_id, level, created_at)"
    " SELECT {account}, sha256(('p' || n)::bytea), '-', {person}, 'real_name', now()"
    " FROM {people}",
    "INSERT INTO session_families (id, account_id, device_id, device_name_sealed, platform,"
    " generation, rotated_at, created_at, expires_at) SELECT {family}, {account},"
    " 'd' || n, '-', 'ios', 0, now(), now(), '2099-01-01' FROM {people}",
    "INSERT INTO push_devices (id, account_id, channel, token_sealed, token_digest, template_ids,"
    " client_device_id, language, created_at, registered_at) SELECT {device},"
    " {account}, 'fcm', '-', sha256(('t' || n)::bytea), '{{}}', 'd' || n, 'zh', now(), now()"
    " FROM {people}",
    "INSERT INTO bills (id, department, department_number, scheme, period, beneficiary_index,"
    " name_sealed, document_sealed, amount, payable_from, payable_until, status, fetched_at)"
    " SELECT {bill}, 'medical_insurance', 'n' || n, 'resident_medical', '2027',"
    " sha256(('d' || n)::bytea), '-', '-', 40000, '2026-10-01', '2026-12-31',"
    " CASE WHEN n % 10 = 0 THEN 'paid' ELSE 'payable' END, now() FROM {people} WHERE n % 5 = 0",
    "INSERT INTO mandates (id, number, holder_account_id, holder_person_id, principal_index,"
    " principal_document_type, principal_name_sealed, principal_document_sealed,"
    " principal_person_id, relation, scopes, until, status, created_at) SELECT {mandate},"
    " 'SQ' || n,"
    " {account_next}, {person_next}, sha256(('d' || n)::bytea),"
    " 'resident_id', '-', '-', {person}, 'parent', '{{pay}}', '2099-01-01', 'active', now()"
    " FROM {people} WHERE n % 10 = 1",
)
#: Whoever has not paid is told; the principals of a mandate have not, so their holders are told too.
EXPECTED = PEOPLE - PEOPLE // 10 + PEOPLE // 10


def fill(services, core):
    names = ("person", "account", "family", "device", "bill", "mandate")
    following = f"(n % {PEOPLE} + 1)"
    ids = {name: _id(name) for name in names}
    ids |= {f"{name}_next": _id(name, following) for name in ("person", "account")}
    people = f"generate_series(1, {PEOPLE}) AS n"
    database = core.database.engine.url.database
    with psycopg.connect(services.database_url(database, "huiban_owner")) as owner:
        for statement in CROWD:
            owner.execute(statement.format(people=people, **ids))
        owner.execute("ANALYZE")


def kill_whoever_evaluates(core):
    """As when a worker's process dies: its connection ends in the middle of a statement."""
    its = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        " AND state = 'active' AND query LIKE 'WITH made AS%' AND pid <> pg_backend_pid() LIMIT 1"
    )
    with core.database.engine.connect() as connection:
        return connection.scalar(its) is not None


def killing(core, over):
    killed = 0
    while killed < KILLS and not over.wait(1):
        while not over.is_set() and not kill_whoever_evaluates(core):
            time.sleep(0.005)
        killed += 1
    return killed


def signing_in(core, over):
    """Seconds each sign-in took."""
    rng, took = random.Random(3), []
    with core.session() as session:
        accounts = session.scalars(select(Account.id).limit(5_000)).all()
    while not over.wait(0.02):
        began = time.perf_counter()
        with unit_of_work(core) as session:
            account = session.get_one(Account, rng.choice(accounts))
            sessions.open_session(session, account, Device("other", "测试机", "ios"))
        took.append(time.perf_counter() - began)
    return sorted(took)


def evaluate_to_the_end(core, world, day):
    """Jobs run until nothing is due. Answers seconds."""
    began = time.perf_counter()
    while True:
        evaluate_due.run(world)
        with core.session() as session:
            if not evaluating.due_rules(session, day):
                return time.perf_counter() - began


def everybody_was_told_once(core):
    """A notice and a knock each, in the words that fit what is known of the person's payment."""
    with core.session() as session:
        assert session.scalar(select(func.count()).select_from(Notice)) == EXPECTED
        assert session.scalar(select(func.count()).select_from(Delivery)) == EXPECTED
        made = select(RuleEvaluation.notices).where(RuleEvaluation.rule == PERIOD)
        assert session.scalar(made) == EXPECTED
        wordings = select(Notice.wording, func.count()).group_by(Notice.wording)
        assert dict(session.execute(wordings).all()) == {
            "own_unknown": PEOPLE * 8 // 10,
            "own": PEOPLE // 10,
            "held_unknown": PEOPLE // 10,
        }


@pytest.mark.faults
@pytest.mark.timeout(900)
def test_two_hundred_thousand_people_are_told_once_by_a_worker_that_is_killed(
    live_core, services, monkeypatch, tell
):
    now = clock.now().replace(year=2026, month=11, day=22, hour=2)
    monkeypatch.setattr(clock, "now", lambda: now)
    fill(services, live_core)
    world, over = build_world(live_core, waiters=1), Event()
    with ThreadPoolExecutor(2) as pool:
        kills = pool.submit(killing, live_core, over)
        sign_ins = pool.submit(signing_in, live_core, over)
        first = evaluate_to_the_end(live_core, world, clock.legal_today())
        over.set()
    everybody_was_told_once(live_core)
    now = now.replace(day=23)
    second = evaluate_to_the_end(live_core, world, clock.legal_today())
    with live_core.session() as session:
        assert session.scalar(select(func.count()).select_from(Notice)) == EXPECTED
    took = sign_ins.result()
    tell(
        "daily reminders",
        f"n = {PEOPLE} people, {EXPECTED} notices and knocks in {first:.0f} s by one worker killed"
        f" {kills.result()} times, each told once; nothing new the next day in {second:.0f} s (a"
        f" million: {first * 1e6 / PEOPLE:.0f} s and {second * 1e6 / PEOPLE:.0f} s); {len(took)}"
        f" sign-ins meanwhile, p50 {took[len(took) // 2] * 1e3:.0f} ms, the slowest"
        f" {took[-1] * 1e3:.0f} ms",
    )
    assert kills.result() == KILLS
    assert took[-1] < 0.5
    for party in (world.sms, world.wechat, world.population, world.health_authority):
        party.close()
