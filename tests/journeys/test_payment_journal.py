"""Payers who write down what they are told while everything dies: nothing is lost, nothing is double."""

import random
import threading
import time
from collections import Counter
from dataclasses import replace

import pytest
from journal import Finding, Journal, Told, compare, read_records
from payers import Payer

from scripts.demo import supervise
from scripts.story.telling import Client

#: Each pays the own bill and those of four others; two payers try for each of those.
PAYERS = [f"r{number:03d}" for number in range(41, 57)]
OTHERS = [f"r{number:03d}" for number in range(57, 89)]
TRIES = 4
#: So many lines written: what is killed then.
KILLS = {15: "worker", 45: "postgres", 80: "web"}
#: Seconds until everything is settled: a worker's jobs are taken over 15 s after its death.
SETTLED_WITHIN = 60


@pytest.fixture(scope="module")
def payers(stack, http, people, tmp_path_factory):
    """Signed in, each with a real name."""
    journal, stubs = Journal(tmp_path_factory.mktemp("journal")), Client(stack.stubs_url, http)
    made = [
        Payer(key, Client(stack.url, http), stubs, journal, random.Random(key)) for key in PAYERS
    ]
    for payer in made:
        payer.sign_in(people[payer.key])
    return made


def pay_for(payer, others):
    """Own bill and the first other's together, where both are to be had; then one by one."""
    own = payer.own_bill()
    found = [each for person in others for each in payer.look_up(person)]
    together = payer.order([own, *found[:1]])
    if not together:
        payer.order([own])
    for each in found[1:]:
        payer.order([each])


def kill_at(stack, journal, stop, killed):
    """Kill each part when the journal has so many lines; the supervisor starts it again."""
    for lines, part in KILLS.items():
        while journal.lines < lines:
            if stop.wait(0.02):
                return
        stack.services.kill_postgres() if part == "postgres" else stack.kill_part(part)
        killed.append(part)


@pytest.fixture(scope="module")
def run(stack, payers, people):
    """The whole of it, once: (journal, records, what was killed)."""
    journal, stop, killed, failed = payers[0].journal, threading.Event(), [], []
    tries = [[] for _ in payers]
    for number, key in enumerate(OTHERS * 2):
        tries[(number + number // len(OTHERS)) % len(payers)].append(people[key])
    assert {len(each) for each in tries} == {TRIES}
    end = time.monotonic() + SETTLED_WITHIN

    def act(payer, others):
        try:
            pay_for(payer, others)
            payer.look_after(end)
        except BaseException as error:
            failed.append(error)
            raise

    threads = [threading.Thread(target=act, args=each) for each in zip(payers, tries, strict=True)]
    others = [
        threading.Thread(target=kill_at, args=(stack, journal, stop, killed)),
        threading.Thread(target=supervise, args=(stack, stop)),
    ]
    for thread in (*others, *threads):
        thread.start()
    for thread in threads:
        thread.join()
    stop.set()
    for thread in others:
        thread.join()
    assert failed == []
    records = read_records(stack.services.addresses.owner_url, payers[0].stubs)
    return journal.read(), records, killed


def test_nothing_anybody_was_told_is_lost_and_nothing_happened_twice(run):
    journal, records, killed = run
    print(
        f"\nn = {len(PAYERS)} payers, {len(records.orders)} orders, {len(records.lines)} bills,"
        f" {len(journal)} lines written {dict(Counter(each.told for each in journal))};"
        f" killed: {killed}"
    )
    assert killed == list(KILLS.values())
    assert compare(journal, records) == []
    settled = {each.bill for each in records.lines if each.status == "settled"}
    assert len(settled) == len(records.bookings) == len(PAYERS) + len(OTHERS)
    assert {each.status for each in records.orders} == {"settled"}
    assert {each.told for each in journal} >= {
        *("ordered", "opened", "acknowledged", "settled", "receipt"),
    }


def without(rows, lost):
    return tuple(row for row in rows if row != lost)


def payment(records):
    return next(each for each in records.postings if each.kind == "payment")


def attempt_of(records, posting):
    return next(each for each in records.attempts if each.id == posting.reference)


def lose_an_order(records):
    lost = records.lines[0]
    lines = tuple(each for each in records.lines if each.order != lost.order)
    orders = tuple(each for each in records.orders if each.id != lost.order)
    return replace(records, orders=orders, lines=lines), ("ordered was told and is lost", lost.bill)


def lose_an_attempt(records):
    lost = records.attempts[0]
    changed = replace(records, attempts=without(records.attempts, lost))
    return changed, ("opened was told and is lost", lost.trade)


def lose_a_payment(records):
    lost = payment(records)
    changed = replace(records, postings=without(records.postings, lost))
    return changed, ("acknowledged was told and is lost", attempt_of(records, lost).trade)


def lose_money(records):
    changed, (_, trade) = lose_a_payment(records)
    return changed, ("WeChat has taken what the ledger does not say", trade)


def fall_back(records):
    order = records.orders[0]
    orders = (order._replace(status="awaiting_payment"), *records.orders[1:])
    return replace(records, orders=orders), ("settled was told and is lost", order.id)


def lose_a_receipt(records):
    lost = next(each for each in records.receipts if each.audience == "payer")
    changed = replace(records, receipts=without(records.receipts, lost))
    return changed, ("receipt was told and is lost", lost.number)


def lose_the_fathers_receipt(records):
    lost = next(each for each in records.receipts if each.audience == "beneficiary")
    line = next(each for each in records.lines if each.id == lost.line)
    changed = replace(records, receipts=without(records.receipts, lost))
    return changed, ("settled without a receipt", line.bill)


def lose_a_booking(records):
    lost = records.bookings[0]
    changed = replace(records, bookings=without(records.bookings, lost))
    return changed, ("settled and not booked at the department", lost.bill)


def lose_a_settlement(records):
    lost = next(each for each in records.postings if each.kind == "settlement")
    line = next(each for each in records.lines if each.id == lost.reference)
    changed = replace(records, postings=without(records.postings, lost))
    return changed, ("settled and not posted", line.bill)


def post_twice(records):
    again = payment(records)._replace(id="again")
    postings = (*records.postings, again)
    return replace(records, postings=postings), ("posted twice", str(("payment", again.reference)))


def settle_twice(records):
    first = next(each for each in records.postings if each.kind == "settlement")
    again = first._replace(id="again")
    postings = (*records.postings, again)
    about = str(("settlement", again.reference))
    return replace(records, postings=postings), ("posted twice", about)


def take_money_twice(records):
    first = records.payments[0]
    payments = (first._replace(amount=2 * first.amount), *records.payments[1:])
    about = ("WeChat has taken what the ledger does not say", first.trade)
    return replace(records, payments=payments), about


def pay_a_bill_in_two_orders(records):
    first = records.lines[0]
    other = next(each.id for each in records.orders if each.id != first.order)
    lines = (*records.lines, first._replace(id="again", order=other))
    return replace(records, lines=lines), ("a bill paid in two orders", first.bill)


def book_twice(records):
    first = records.bookings[0]
    bookings = (*records.bookings, first._replace(transaction="another"))
    return replace(records, bookings=bookings), ("booked twice at the department", first.bill)


def give_two_receipts(records):
    first = records.receipts[0]
    receipts = (*records.receipts, first._replace(number="PZ0"))
    about = str((first.line, first.audience))
    return replace(records, receipts=receipts), ("a receipt issued twice", about)


def tilt_a_posting(records):
    first, *rest = records.postings
    (account, fen), *others = first.entries
    tilted = first._replace(entries=((account, fen + 1), *others))
    changed = replace(records, postings=(tilted, *rest))
    return changed, ("a posting does not balance", first.id)


def owe_a_payer(records):
    first = payment(records)
    entries = tuple((account.replace("medical", "x"), fen) for account, fen in first.entries)
    owed = first._replace(entries=(*entries, ("owed:payer", 1), ("owed:payer", -1)))
    changed = replace(records, postings=(owed, *without(records.postings, first)))
    return changed, ("money is owed to a payer", first.id)


@pytest.mark.parametrize(
    "plant",
    [
        *(lose_an_order, lose_an_attempt, lose_a_payment, lose_money, fall_back, lose_a_receipt),
        *(lose_the_fathers_receipt, lose_a_booking, lose_a_settlement, post_twice, settle_twice),
        *(take_money_twice, pay_a_bill_in_two_orders, book_twice, give_two_receipts),
        *(tilt_a_posting, owe_a_payer),
    ],
)
def test_a_loss_or_a_double_planted_in_a_copy_of_the_records_is_found(run, plant):
    journal, records, _ = run
    changed, (what, about) = plant(records)
    assert changed != records
    assert Finding(what, about) in compare(journal, changed)


@pytest.mark.parametrize(
    "told", ["ordered", "opened", "acknowledged", "paid", "settled", "receipt"]
)
def test_an_answer_planted_in_a_copy_of_the_journal_is_found_to_be_lost(run, told):
    journal, records, _ = run
    planted = Told("planted", told, order="nobody's", what="nothing", amount=1)
    found = compare([*journal, planted], records)
    assert [each.what for each in found] == [f"{told} was told and is lost"]
