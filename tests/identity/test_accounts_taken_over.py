"""`flask accounts sign-out`: everybody is put out of an account that was taken over."""

import pytest
from lives import code_for
from openid.site_and_browser import Browser, answer_of, make_site
from sqlalchemy import select

from app.audit.models import AuditRow
from app.identity.life.models import SecurityText
from app.identity.openid.models import OpenidLogoutNotice
from app.identity.ways.models import AccountPassword

CHOSEN = "Wu-Chang 2027 tong"


@pytest.fixture
def sign_out(app):
    """What the operator's command answers, the phone typed at its question."""

    def run(phone, *options):
        words = ["accounts", "sign-out", "--phone-ask", *options]
        with app.app_context():
            return app.test_cli_runner().invoke(args=words, input=f"{phone}\n")

    return run


@pytest.fixture
def at_site(app, core, client):
    """`at_site(person)`: a site with tokens that last; returns (site, tokens)."""

    def run(person):
        site = make_site(core, backchannel_logout_uri="https://site.example/told")
        browser = Browser(app, core)
        page = browser.sign_in(
            browser.open(site.address(scope="openid offline_access")), person.phone
        )
        where = page.headers.get("Location") or browser.agree(page, "offline_access")
        form = site.form(answer_of(where)["code"])
        return site, client.post("/oauth/token", data=form, headers=site.basic).get_json()

    return run


def refreshed(client, person):
    return client.post(
        "/api/v1/auth/sessions/refresh", json={"refresh_token": person.refresh_token}
    )


def test_every_session_browser_and_site_of_the_account_ends_and_nobody_elses(
    sign_out, at_site, invent, client, session, core
):
    person, other = invent(), invent()
    site, tokens = at_site(person)
    done = sign_out(person.phone.removeprefix("+86"))
    assert done.exit_code == 0, done.output
    core.freshness.read_once()
    assert refreshed(client, person).status_code == 401
    assert refreshed(client, other).status_code == 200
    again = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert (
        client.post("/oauth/token", data=again, headers=site.basic).json["error"] == "invalid_grant"
    )
    assert set(session.scalars(select(OpenidLogoutNotice.client_id))) == {site.row.id}


def test_its_owner_is_told_and_sees_in_the_access_log_that_an_operator_did_it(
    sign_out, invent, client, session
):
    person = invent()
    assert sign_out(person.phone).exit_code == 0
    assert session.scalars(select(SecurityText.said)).all() == ["signed_out"]
    row = session.scalars(select(AuditRow).where(AuditRow.actor_kind == "operator")).one()
    assert (row.subject_id, row.object_id) == (person.actor.person_id, person.actor.account)
    log = client.get("/api/v1/me/access-log", headers=person.headers).get_json()
    seen = [(item["who"]["kind"], item["what"]) for item in log["items"]]
    assert ("operator", "让您的账号在所有设备和网站退出登录") in seen


def test_a_password_stays_unless_it_is_to_go_as_well(sign_out, invent, session, core, client):
    person = invent()
    body = {"password": CHOSEN, "code": code_for(core, person.phone, "password")}
    set_it = client.put("/api/v1/me/password", json=body, headers=person.headers)
    assert set_it.status_code < 300, set_it.json
    kept = select(AccountPassword.account_id)
    assert sign_out(person.phone).exit_code == 0
    assert session.scalars(kept).all() == [person.actor.account]
    assert sign_out(person.phone, "--ways-too").exit_code == 0
    assert session.scalars(kept).all() == []


@pytest.mark.parametrize("typed", ["13", "not a phone", "19912345678"])
def test_what_is_no_phone_or_nobodys_changes_nothing_and_is_said(sign_out, invent, session, typed):
    invent()
    done = sign_out(typed)
    assert done.exit_code == 1
    assert "phone" in done.output or "number" in done.output
    assert session.scalars(select(SecurityText.said)).all() == []


def test_the_phone_is_taken_from_no_argument(app, invent):
    person = invent()
    with app.app_context():
        done = app.test_cli_runner().invoke(args=["accounts", "sign-out", person.phone])
    assert done.exit_code == 2
    assert person.phone not in done.output.split("\n")[0]
