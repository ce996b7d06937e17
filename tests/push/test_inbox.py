"""The inbox and the preferences over HTTP."""

import uuid
from datetime import date

import pytest
from sqlalchemy import select

from app.core import clock
from app.core.db import unit_of_work
from app.core.ids import new_id
from app.payments.events import LineSettled, OrderPaid
from push import evaluating, rulebook
from push.models import Delivery, Notice, PushDevice

NOTICES = "/api/v1/notices"


@pytest.fixture
def told(core, stage):
    """`told()`: a son who may pay for his mother has a reminder for himself and one for her."""
    stage.person("son")
    stage.person("mother", account=False)
    stage.mandate("son", "mother")
    stage.bill("hers", "mother")
    stage.fact("son", date(2025, 12, 1), as_of=date(2025, 11, 1))
    with unit_of_work(core) as session:
        for name, day in (("resident-medical-payment-period", 1), ("resident-id-expiry", 3)):
            rule = rulebook.all_rules()[name, 1]
            evaluating.evaluate(session, rule, date(2025, 11, day))
    return stage.accounts["son"]


def get(client, person, path=NOTICES, **headers):
    answer = client.get(path, headers={**person.headers, **headers})
    assert answer.status_code == 200, answer.json
    return answer.json


def test_a_notice_says_what_to_do_until_when_for_whom_and_why(client, told):
    found = get(client, told)
    assert (len(found["items"]), found["unread"], found["next_cursor"]) == (2, 2, None)
    notice = next(each for each in found["items"] if each["category"] == "period")
    mother = notice["subject"]["masked_name"]
    assert notice == {
        "id": notice["id"],
        "category": "period",
        "title": "家人的2026年度居民医保可以缴费了",
        "body": f"{mother}的2026年度城乡居民基本医疗保险费400.00元尚未缴纳，"
        "缴费期为2025年10月1日至2025年12月31日。您可以代为缴纳。",
        "subject": {"masked_name": mother},
        "about": None,
        "matter_code": "ZZD4B94B7368",
        "due_at": "2025-12-31T23:59:59+08:00",
        "created_at": notice["created_at"],
        "read_at": None,
        "why": {
            "rule": "resident-medical-payment-period",
            "because": notice["why"]["because"],
        },
    }
    assert mother.startswith("母*")
    assert "委托您代缴" in notice["why"]["because"]
    assert "国办发〔2024〕38号" in notice["why"]["because"]


def test_news_of_a_payment_leads_its_payer_to_the_order_and_nobody_else(core, client, stage):
    for name in ("son", "mother"):
        stage.person(name)
    stage.bill("hers", "mother", status="paid")
    stage.bill("his", "son", status="paid")
    order = stage.order("order", "son", ["hers", "his"], "settled")
    with unit_of_work(core) as session:
        evaluating.follow(session, OrderPaid.NAME, {"order_id": str(order)})
        for bill in ("hers", "his"):
            evaluating.follow(session, LineSettled.NAME, {"line_id": str(stage.lines[bill])})
    son, mother = stage.accounts["son"], stage.accounts["mother"]
    told = get(client, son)["items"]
    assert sorted(each["title"] for each in told) == [
        "付款成功，等待部门入账",
        "代缴已入账",
        "缴费已入账",
    ]
    for notice in told:
        assert notice["about"] == {"kind": "order", "id": str(order)}
        opened = client.get(f"/api/v1/orders/{notice['about']['id']}", headers=son.headers)
        assert opened.status_code == 200
    (hers,) = get(client, mother)["items"]
    assert (hers["title"], hers["about"]) == ("有人已为您缴费", None)
    assert client.get(f"/api/v1/orders/{order}", headers=mother.headers).status_code == 404


def test_a_reminder_of_an_expiry_names_who_stated_it_and_when(client, told):
    notice = next(each for each in get(client, told)["items"] if each["category"] == "expiry")
    assert "湖北省公安厅" in notice["why"]["because"]
    assert "2025年11月1日" in notice["why"]["because"]
    assert notice["due_at"] == "2025-12-01T23:59:59+08:00"


def test_the_words_come_in_english_for_whoever_prefers_it(client, told):
    found = get(client, told, **{"Accept-Language": "en"})
    titles = {each["title"] for each in found["items"]}
    assert titles == {"Family medical insurance can be paid", "Your identity card expires soon"}
    bodies = " ".join(each["body"] for each in found["items"])
    assert "CNY 400.00" in bodies
    assert "31 December 2025" in bodies


def test_reading_counts_once_and_lowers_the_number_of_unread(client, told):
    notice = get(client, told)["items"][0]["id"]
    first = client.post(f"{NOTICES}/{notice}/read", headers=told.headers)
    assert (first.status_code, first.json["unread"]) == (200, 1)
    again = client.post(f"{NOTICES}/{notice}/read", headers=told.headers)
    assert again.json == first.json
    assert get(client, told)["items"][0]["read_at"] == first.json["read_at"]


def test_another_ones_notice_is_answered_like_one_that_does_not_exist(client, told, invent):
    notice, stranger = get(client, told)["items"][0]["id"], invent(level="phone")
    answers = [
        client.post(f"{NOTICES}/{each}/read", headers=stranger.headers)
        for each in (notice, uuid.uuid4())
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    bodies = [{**answer.json, "trace_id": None} for answer in answers]
    assert bodies[0] == bodies[1]
    assert get(client, stranger)["items"] == []
    assert get(client, told)["unread"] == 2


def test_nobody_reads_notices_without_signing_in(client, told):
    assert client.get(NOTICES).status_code == 401
    assert client.get(f"{NOTICES}/preferences").status_code == 401


def fill(core, account, number):
    """Notices of one moment, as one evaluation makes them."""
    now = clock.now()
    with unit_of_work(core) as session:
        for each in range(number):
            session.add(
                Notice(
                    id=new_id(),
                    rule="payment-result",
                    rule_version=1,
                    wording="paid",
                    recipient_account_id=account,
                    subject_key=f"order:{each}",
                    period="paid",
                    category="payment",
                    params={"amount": 1, "number": f"HB{each}", "lines": 1},
                    created_at=now,
                )
            )


def test_pages_join_without_gap_or_repetition(core, client, invent):
    person = invent(level="phone")
    fill(core, person.actor.account, 25)
    seen, cursor = [], ""
    while cursor is not None:
        page = get(client, person, f"{NOTICES}?limit=10{cursor and '&cursor=' + cursor}")
        seen += [each["id"] for each in page["items"]]
        cursor = page["next_cursor"]
        assert page["unread"] == 25
    assert len(seen) == len(set(seen)) == 25
    assert seen == sorted(seen, reverse=True)


def test_a_page_costs_the_same_number_of_statements_however_long(core, client, told, count_sql):
    with count_sql() as short:
        get(client, told)
    fill(core, told.actor.account, 50)
    with count_sql() as long:
        get(client, told, f"{NOTICES}?limit=60")
    assert len(long) == len(short)


@pytest.mark.parametrize("query", ["cursor=x", "cursor=WzEsMl0", "limit=0", "limit=101", "page=2"])
def test_a_wrong_query_is_refused(client, invent, query):
    person = invent(level="phone")
    assert client.get(f"{NOTICES}?{query}", headers=person.headers).status_code == 422


@pytest.mark.parametrize(("column", "strange"), [("rule_version", 99), ("wording", "of_tomorrow")])
def test_a_notice_this_process_cannot_word_does_not_close_the_inbox(
    core, client, invent, column, strange
):
    person = invent(level="phone")
    fill(core, person.actor.account, 2)
    with unit_of_work(core) as session:
        setattr(session.scalars(select(Notice)).first(), column, strange)
    found = get(client, person)["items"]
    assert len(found) == 2
    assert sum("暂时无法显示" in each["body"] for each in found) == 1
    assert all(each["subject"] is None for each in found)


def put(client, person, body, **headers):
    return client.put(f"{NOTICES}/preferences", json=body, headers={**person.headers, **headers})


def test_everything_is_heard_until_it_is_muted(client, invent):
    person = invent(level="phone")
    shown = get(client, person, f"{NOTICES}/preferences")
    assert shown["muted"] == []
    assert [each["category"] for each in shown["items"] if each["mutable"]] == [
        "expiry",
        "period",
        "suggestion",
    ]
    answer = put(client, person, {"muted": ["period", "suggestion"]})
    assert answer.json["muted"] == ["period", "suggestion"]
    assert put(client, person, {"muted": ["expiry"]}).json["muted"] == ["expiry"]
    assert (
        get(client, person, f"{NOTICES}/preferences")
        == put(client, person, {"muted": ["expiry"]}).json
    )


@pytest.mark.parametrize("category", ["payment", "security", "health_code", "case"])
def test_what_the_law_or_safety_demands_cannot_be_muted(client, invent, category):
    person = invent(level="phone")
    answer = put(client, person, {"muted": ["period", category]}, **{"Accept-Language": "en"})
    assert (answer.status_code, answer.json["code"]) == (422, "category_not_mutable")
    assert answer.json["errors"] == {"muted": [category]}
    assert "cannot be switched off" in answer.json["detail"]
    assert get(client, person, f"{NOTICES}/preferences")["muted"] == []


@pytest.mark.parametrize("body", [{}, {"muted": ["gossip"]}, {"muted": "period"}, {"heard": []}])
def test_wrong_preferences_are_refused(client, invent, body):
    assert put(client, invent(level="phone"), body).status_code == 422


def test_muting_silences_what_is_on_its_way_and_reading_what_is_read(core, client, told, phone):
    phone(told, "token-late")
    with unit_of_work(core) as session:
        notices = session.scalars(select(Notice.id)).all()
        (device_id,) = session.scalars(select(PushDevice.id))
        for notice_id in notices:
            session.add(
                Delivery(
                    notice_id=notice_id,
                    device_id=device_id,
                    state="pending",
                    urgent=False,
                    tries=0,
                    next_try_at=clock.now(),
                )
            )
    put(client, told, {"muted": ["period"]})
    expiry = next(each for each in get(client, told)["items"] if each["category"] == "expiry")
    client.post(f"{NOTICES}/{expiry['id']}/read", headers=told.headers)
    with core.session() as session:
        left = session.execute(select(Delivery.state, Delivery.last_error)).all()
    assert sorted(left) == [("dropped", "muted"), ("dropped", "read")]
