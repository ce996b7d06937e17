"""The whole way through our pages, and what the client learns at its end."""

import re
from datetime import timedelta

import pytest
from identity.organisation_support import company
from joserfc import jwt
from joserfc.jwk import KeySet
from site_and_browser import answer_of, text_of
from sqlalchemy import text

from app.core import clock
from app.core.db import unit_of_work
from app.identity.documents import mask_name
from app.identity.models import SessionFamily
from app.identity.organisations.queries import FACTS_HOLD


def claims_of(client, id_token):
    """An ID token as a client verifies it, with our published keys."""
    keys = KeySet.import_key_set(client.get("/.well-known/jwks.json").get_json())
    return jwt.decode(id_token, keys, algorithms=["ES256"]).claims


def userinfo(client, token):
    return client.get("/oauth/userinfo", headers={"Authorization": f"Bearer {token}"})


def test_a_person_signs_in_and_the_site_learns_what_was_agreed_to(browser, site, invent, client):
    person = invent()
    page = browser.open(site.address(scope="openid profile phone real_name"))
    assert "武汉测试站（市测试局）" in text_of(page)
    page = browser.sign_in(page, person.phone)
    assert "真实姓名与证件号码" in text_of(page)
    answer = answer_of(browser.agree(page, "profile", "phone", "real_name"))
    assert answer.keys() == {"code", "state", "iss"}
    assert answer["state"] == "a state & more"
    tokens = client.post("/oauth/token", data=site.form(answer["code"]), headers=site.basic)
    told = tokens.get_json()
    assert tokens.headers["Cache-Control"] == "no-store"
    assert (told["token_type"], told["scope"]) == ("Bearer", "openid phone profile real_name")
    claims = claims_of(client, told["id_token"])
    issuer = client.get("/.well-known/openid-configuration").get_json()["issuer"]
    assert (claims["iss"], claims["aud"], claims["nonce"]) == (issuer, site.id, "a nonce")
    assert claims["acr"] == "urn:huiban:real_name"
    assert set(claims) == {
        *("iss", "sub", "aud", "iat", "exp", "auth_time", "acr", "amr", "sid", "nonce", "at_hash")
    }
    info = userinfo(client, told["access_token"]).get_json()
    assert info == {
        "sub": claims["sub"],
        "level": "real_name",
        "name": person.name,
        "document_type": "resident_id",
        "document_number": person.document_number,
        "phone_number": person.phone,
        "phone_number_verified": True,
    }


def test_what_was_not_ticked_is_not_told(browser, site, invent, client):
    person = invent()
    page = browser.sign_in(
        browser.open(site.address(scope="openid profile real_name")), person.phone
    )
    ticked = re.findall(r'value="(\w+)" checked', page.get_data(as_text=True))
    assert ticked == ["profile"], "sensitive data is never ticked beforehand"
    code = answer_of(browser.agree(page, "profile"))["code"]
    told = client.post("/oauth/token", data=site.form(code), headers=site.basic).get_json()
    assert told["scope"] == "openid profile"
    info = userinfo(client, told["access_token"]).get_json()
    assert info["name"] == mask_name(person.name)
    assert "document_number" not in info


def test_a_second_site_asks_for_consent_only_and_the_first_for_nothing(
    browser, register, site, get_code
):
    get_code(site)
    other = register(name="另一个站")
    page = browser.open(other.address())
    assert "另一个站" in text_of(page)
    assert 'name="phone"' not in page.get_data(as_text=True)
    again = browser.open(site.address())
    assert "code" in answer_of(again.headers["Location"])


def test_two_sectors_know_a_person_by_two_names_and_one_sector_by_one(register, get_tokens, client):
    def subject(site, person):
        tokens, _ = get_tokens(site, person=person)
        return claims_of(client, tokens["id_token"])["sub"]

    first = register()
    tokens, person = get_tokens(first)
    mine = claims_of(client, tokens["id_token"])["sub"]
    assert subject(register(), person) == mine
    elsewhere = register(redirect_uris=["https://other.example/cb"])
    assert subject(elsewhere, person) != mine
    assert str(person.actor.citizen_id) not in mine


@pytest.mark.parametrize(
    ("parameter", "value", "error"),
    [
        ("prompt", "none", "login_required"),
        ("prompt", "none login", "invalid_request"),
    ],
)
def test_without_a_page_the_site_is_told_what_is_missing(browser, site, parameter, value, error):
    answer = answer_of(browser.open(site.address(**{parameter: value})).headers["Location"])
    assert (answer["error"], answer["state"]) == (error, "a state & more")
    assert answer["iss"]


def test_prompt_none_answers_at_once_where_everything_is_there(browser, site, register, get_code):
    get_code(site)
    assert "code" in answer_of(browser.open(site.address(prompt="none")).headers["Location"])
    unknown = browser.open(register().address(prompt="none")).headers["Location"]
    assert answer_of(unknown)["error"] == "consent_required"


@pytest.mark.parametrize("wish", [{"prompt": "login"}, {"max_age": "0"}])
def test_a_site_can_demand_a_new_sign_in(browser, site, get_code, wish):
    get_code(site)
    page = browser.open(site.address(**wish))
    assert 'name="phone"' in page.get_data(as_text=True)


def test_a_site_can_demand_that_consent_is_asked_again(browser, site, get_code):
    get_code(site)
    page = browser.open(site.address(prompt="consent"))
    assert "申请获取" in text_of(page)
    assert "code" in answer_of(browser.agree(page, "profile"))


def test_more_scopes_than_were_agreed_to_are_asked_for(browser, site, get_code):
    get_code(site, scope="openid profile")
    assert "手机号" in text_of(browser.open(site.address(scope="openid profile phone")))


def test_somebody_known_by_phone_only_is_told_how_to_go_on(browser, site, invent):
    person = invent(level="phone")
    page = browser.sign_in(browser.open(site.address(scope="openid real_name")), person.phone)
    assert "需要实名认证" in text_of(page)
    assert "code" not in page.headers.get("Location", "")
    silent = browser.open(site.address(scope="openid real_name", prompt="none"))
    assert answer_of(silent.headers["Location"])["error"] == "interaction_required"


@pytest.mark.parametrize(
    ("wished", "answered"),
    [
        ("urn:huiban:phone", "urn:huiban:phone"),
        ("urn:huiban:face urn:huiban:real_name", "urn:huiban:real_name"),
        ("urn:mace:incommon:iap:silver", "urn:huiban:real_name"),
    ],
)
def test_the_level_answered_is_one_that_was_asked_for(get_tokens, site, client, wished, answered):
    tokens, _ = get_tokens(site, acr_values=wished)
    assert claims_of(client, tokens["id_token"])["acr"] == answered


def show_face(session, person, ago=timedelta(0)):
    """As a passed check in the app does."""
    lasts = timedelta(minutes=session.core.settings.face_level_minutes)
    family = session.get(SessionFamily, person.actor.session_id)
    family.face_until = (clock.now() - ago).replace(microsecond=0) + lasts
    session.commit()


def test_a_face_shown_in_the_app_counts_for_the_sign_in_that_waits(
    browser, site, invent, session, client
):
    person, face = invent(), "urn:huiban:face"
    show_face(session, person, ago=timedelta(minutes=5))
    page = browser.sign_in(browser.open(site.address(acr_values=face)), person.phone)
    assert "需要人脸核验" in text_of(page), "one shown before does not"
    show_face(session, person)
    code = answer_of(browser.agree(browser.open(browser.at)))["code"]
    told = client.post("/oauth/token", data=site.form(code), headers=site.basic).get_json()
    assert claims_of(client, told["id_token"])["acr"] == face


def test_a_site_learns_for_which_organisations_somebody_may_act(
    browser, register, invent, core, client
):
    site, person = register(scopes=["openid", "organisation"]), invent()
    company(core, person)
    page = browser.open(site.address(scope="openid organisation"))
    page = browser.sign_in(page, person.phone)
    code = answer_of(browser.agree(page, "organisation"))["code"]
    told = client.post("/oauth/token", data=site.form(code), headers=site.basic).get_json()
    (mine,) = userinfo(client, told["access_token"]).get_json()["organisations"]
    assert mine["role"] == "legal_representative"
    assert mine["name"] in text_of(page), "the person saw what would be told"
    with unit_of_work(core) as session:
        session.execute(text("UPDATE organisations SET status = 'revoked'"))
    info = userinfo(client, told["access_token"]).get_json()
    assert info["organisations"] == [], "a right that ended is told no more"


def test_a_site_is_not_told_what_the_registry_said_too_long_ago(
    browser, register, invent, core, client
):
    site, person = register(scopes=["openid", "organisation"]), invent()
    company(core, person)
    page = browser.open(site.address(scope="openid organisation"))
    page = browser.sign_in(page, person.phone)
    code = answer_of(browser.agree(page, "organisation"))["code"]
    told = client.post("/oauth/token", data=site.form(code), headers=site.basic).get_json()
    with unit_of_work(core) as session:
        old = {"at": clock.now() - FACTS_HOLD - timedelta(minutes=1)}
        session.execute(text("UPDATE organisations SET as_of = :at"), old)
    info = userinfo(client, told["access_token"]).get_json()
    assert info["organisations"] == [], "nobody may act for it here either"
    page = browser.open(site.address(scope="openid organisation", prompt="consent"))
    assert "测试有限公司" not in text_of(page)


def test_refusing_sends_the_person_back_with_that_answer(browser, site, invent):
    page = browser.sign_in(browser.open(site.address()), invent().phone)
    answer = answer_of(browser.press(page, "refuse").headers["Location"])
    assert (answer["error"], answer["state"]) == ("access_denied", "a state & more")


def test_somebody_else_can_take_over_the_browser(browser, site, get_code, invent):
    get_code(site)
    other = invent()
    page = browser.open(site.address(prompt="consent"))
    page = browser.press(page, "switch")
    page = browser.sign_in(page, other.phone)
    assert "申请获取" in text_of(page)


def test_a_wrong_code_is_told_and_the_right_one_still_goes(browser, site, invent):
    person = invent()
    page = browser.press(browser.open(site.address()), "phone", phone=person.phone[3:])
    page = browser.press(page, "code", code="000000")
    assert page.status_code == 422
    assert "验证码错误或已失效" in text_of(page)


def test_a_phone_that_is_none_is_told_and_another_code_within_a_minute_waits(browser, site, invent):
    person = invent()
    page = browser.open(site.address())
    wrong = browser.press(page, "phone", phone="123")
    assert (wrong.status_code, "11 位" in text_of(wrong)) == (422, True)
    page = browser.press(page, "phone", phone=person.phone[3:])
    page = browser.press(page, "again")
    early = browser.press(page, "phone", phone=person.phone[3:])
    assert early.status_code == 429
    assert int(early.headers["Retry-After"]) > 0
    assert "刚给这个号码发过验证码" in text_of(early)


def test_the_pages_speak_english_to_those_who_ask(browser, site):
    page = browser.open(site.address(), headers={"Accept-Language": "en"})
    assert '<html lang="en">' in page.get_data(as_text=True)
    assert "Mobile number" in text_of(page)


def test_pages_run_no_script_and_stand_in_no_frame(browser, site, invent):
    page = browser.open(site.address())
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self' https://site.example;" in policy
    assert "script" not in policy
    assert "<script" not in page.get_data(as_text=True)
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"


def test_names_of_sites_are_text_and_never_markup(browser, register):
    site = register(name='<b onmouseover="x">站</b>')
    assert "<b onmouseover" not in browser.open(site.address()).get_data(as_text=True)


def test_reading_a_person_is_audited(get_tokens, site, client, session):
    tokens, person = get_tokens(site)
    userinfo(client, tokens["access_token"])
    rows = session.execute(
        text("SELECT actor_kind, actor_id, subject_id FROM audit_rows WHERE action = :action"),
        {"action": "openid.userinfo_read"},
    ).all()
    assert rows == [("department", site.row.id, person.actor.person_id)]


def test_nothing_personal_and_no_secret_stands_in_the_tables(get_tokens, site, session, core):
    state = "state 19912345678"
    tokens, person = get_tokens(site, scope=" ".join(site.row.scopes), state=state, nonce="n-4711")
    stored = ""
    for table in ("logins", "requests", "consents", "grants", "tokens", "clients"):
        rows = session.execute(text(f"SELECT t::text FROM openid_{table} t")).scalars()
        stored += " ".join(rows)
    assert str(person.actor.citizen_id) in stored
    secrets = (tokens["access_token"], tokens["refresh_token"], site.secret, state, "n-4711")
    for secret in (*secrets, person.phone, person.name, person.document_number):
        assert secret not in stored
        assert secret.encode().hex() not in stored
