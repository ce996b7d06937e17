"""The rules for Prometheus in docs/ and the figures they ask about, read as Prometheus reads them."""

import re
from datetime import timedelta

import pytest
import yaml
from openid.site_and_browser import make_site
from payments.placed import place
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text, update

from app.audit import heads, sealing
from app.audit.figures import read
from app.audit.services import Act, record
from app.core import clock, jobs, limits, metrics
from app.core.db import unit_of_work
from app.core.ids import new_id
from app.core.limits import Quota
from app.identity import login_codes
from app.identity.openid import proposals
from app.identity.openid.models import OpenidLogoutNotice
from app.identity.openid.registration import NewClient
from app.payments.models import Order
from scripts.environment import ROOT

RULES = yaml.safe_load((ROOT / "docs" / "alerts.yml").read_text())["groups"][0]["rules"]
WHOSE = ("citizen", "officer", "site")
NEW = NewClient("公积金查询", "市公积金中心", ["https://site.example/callback"])


@pytest.fixture
def look(client):
    """`look()(name, **labels)`: what a figure says now; None if there is no such figure."""

    def now():
        page = client.get("/metrics").get_data(as_text=True)
        found = {
            (sample.name, *sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(page)
            for sample in family.samples
        }
        return lambda name, **labels: found.get((name, *sorted(labels.items())))

    return now


def fail_a_job(session, task="sms.send"):
    jobs.defer(session, task)
    jobs.defer(session, "core.waits")
    session.execute(
        text("UPDATE procrastinate_jobs SET status = 'failed' WHERE task_name = :t"), {"t": task}
    )


def test_every_figure_a_rule_asks_about_is_exported(client, core, invent):
    place(core, invent())
    with unit_of_work(core) as session:
        fail_a_job(session)
        session.execute(update(Order).values(status="held", held_because="provider_state"))
    metrics.OUTBOUND.labels("sms", "ok").observe(0.1)
    page = client.get("/metrics").get_data(as_text=True)
    exported = {
        sample.name for family in text_string_to_metric_families(page) for sample in family.samples
    }
    asked = {
        name for rule in RULES for name in re.findall(r"\b(?:huiban_|oldest_)[a-z_]+", rule["expr"])
    }
    print(f"\nrules n = {len(RULES)}, figures n = {len(asked)}: missing {sorted(asked - exported)}")
    assert len(asked) > 15
    assert asked <= exported


def test_every_rule_says_how_urgent_it_is_and_what_it_means_in_both_languages():
    for rule in RULES:
        assert rule["labels"]["severity"] in ("page", "ticket"), rule["alert"]
        summary = rule["annotations"]["summary"]
        assert re.search(r"[一-鿿]", summary), rule["alert"]
        assert re.search(r"[a-z]{3}", summary), rule["alert"]
    assert len({rule["alert"] for rule in RULES}) == len(RULES)


def test_a_copied_refresh_token_is_counted_by_whose_it_is(look, client, invent, invent_officer):
    before = look()
    person, officer = invent(), invent_officer()
    for path, who in (("auth/sessions", person), ("officer/sessions", officer)):
        token = who.refresh_token
        for _ in range(2):
            body = {"refresh_token": token}
            token = client.post(f"/api/v1/{path}/refresh", json=body).get_json()["refresh_token"]
        body = {"refresh_token": who.refresh_token}
        assert client.post(f"/api/v1/{path}/refresh", json=body).status_code == 401
    after, name = look(), "huiban_refresh_reused_total"
    risen = {whose: after(name, whose=whose) - before(name, whose=whose) for whose in WHOSE}
    assert risen == {"citizen": 1, "officer": 1, "site": 0}


def test_a_spent_budget_of_text_messages_is_counted(look, client, core, monkeypatch):
    before = look()("huiban_sms_budget_spent_total")
    hour = Quota("sms_all_hour", 1, 3_600)
    monkeypatch.setattr(login_codes, "ALL_HOUR", hour)
    with unit_of_work(core) as session:
        for share in range(login_codes.SHARES):
            limits.consume(session, hour, f"share {share}")
    body = {"phone": "19900001234", "purpose": "login"}
    assert client.post("/api/v1/auth/codes", json=body).status_code == 429
    assert look()("huiban_sms_budget_spent_total") == before + 1


def test_audit_rows_wait_until_they_are_sealed_and_links_until_they_are_signed(live_core):
    def shown():
        with unit_of_work(live_core) as session:
            found = {
                figure.name.removeprefix("huiban_audit_"): figure.value for figure in read(session)
            }
        return found["unsealed_rows"], found["unsigned_links"], found["head_timestamp_seconds"] > 0

    with unit_of_work(live_core) as session:
        for _ in range(3):
            record(session, Act("test.read", "citizen"))
    waiting = shown()
    with unit_of_work(live_core) as session:
        sealing.seal_batch(session)
    sealed = shown()
    with unit_of_work(live_core) as session:
        heads.sign_head(session)
    assert (waiting, sealed, shown()) == ((3, 0, False), (0, 3, False), (0, 0, True))


def test_what_waits_for_a_second_person_and_sites_that_do_not_hear_us_are_counted(
    look, core, invent, invent_officer
):
    person, site = invent(), make_site(core, backchannel_logout_uri="https://site.example/told")
    ages = (timedelta(seconds=5), timedelta(minutes=5), timedelta(hours=5), timedelta(days=2))
    with unit_of_work(core) as session:
        proposals.propose_client(session, invent_officer("client_registrar").actor, NEW)
        for age in ages:
            session.add(
                OpenidLogoutNotice(
                    id=new_id(),
                    client_id=site.row.id,
                    login_id=None,
                    account_id=person.actor.account,
                    created_at=clock.now() - age,
                    delivered_at=None,
                )
            )
    now = look()
    assert now("huiban_client_proposals_waiting") == 1
    assert now("huiban_logout_notices_undelivered") == 2


def test_failed_jobs_are_counted_by_task_and_a_run_of_retention_that_left_rules(look, session):
    fail_a_job(session)
    fail_a_job(session, "privacy.destroy_over")
    session.commit()
    now = look()
    assert now("huiban_jobs_failed", task="sms.send") == 1
    assert now("huiban_jobs_failed", task="core.waits") is None
    assert now("huiban_retention_left") == 1
    assert now("huiban_retention_run_timestamp_seconds") == 0
