"""How long sessions live, one a device, and what a client is told when storing fails."""

import json
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import jwt
import pytest
from sqlalchemy import create_engine, func, select, text
from support import recorded

from app.connectors.wechat import WechatUser
from app.connectors.world import build_world
from app.core import clock
from app.core.db import unit_of_work
from app.core.freshness import Mark
from app.identity import login_codes, sessions, tokens
from app.identity.accounts import account_of_phone
from app.identity.errors import TokenRefused
from app.identity.events import WayInChanged
from app.identity.jobs import text_way_in_changed
from app.identity.login_codes import Asker
from app.identity.models import Account, LoginCode, SessionFamily
from app.identity.sessions import IDLE_LIFE, Device, Granted, Refused
from app.identity.tokens import ACCESS_LIFE, SKEW
from app.settings import sqlalchemy_url
from composition import web_app
from push.jobs import tell_way_in_changed

REFRESH = "/api/v1/auth/sessions/refresh"
PHONE = Device("device-1", "我的手机", "ios")


class Gateway:
    """An SMS gateway that keeps what it was to send."""

    def __init__(self):
        self.sent = []

    def send(self, phone, template, params):
        self.sent.append((phone, template, params))

    def close(self):
        pass


class OneWechatUser:
    """A WeChat that vouches for the same user whatever the code."""

    def user(self, login_code):
        return WechatUser("one-openid", None)

    def phone(self, phone_code):
        return "19911117002"

    def close(self):
        pass


@pytest.fixture
def refresh(client):
    return lambda token: client.post(REFRESH, json={"refresh_token": token})


@pytest.fixture
def after(monkeypatch):
    """Set the clock to so long after the test began."""
    now = clock.now()

    def move(**by):
        monkeypatch.setattr(clock, "now", lambda: now + timedelta(**by))

    return move


@pytest.fixture
def sign_in(session):
    """Open a session of `account` on `device`; answers (granted, family)."""

    def open_session(account, device=PHONE):
        granted = sessions.open_session(session, account, device)
        session.commit()
        family_id = tokens.read_refresh(session.core.keys, granted.refresh_token).family_id
        return granted, session.get_one(SessionFamily, family_id)

    return open_session


@pytest.fixture
def account(session):
    found = account_of_phone(session, "+8619911117003")
    session.commit()
    return found


def open_devices(session):
    families = select(SessionFamily.device_id).where(SessionFamily.ended_at.is_(None))
    return sorted(session.scalars(families))


def test_a_family_that_expired_does_not_refresh(refresh, invent, after, session):
    person = invent()
    after(days=IDLE_LIFE.days, seconds=1)
    answer = refresh(person.refresh_token)
    assert (answer.status_code, answer.get_json()["code"]) == (401, "token_refused")
    # Staying away is no theft: nobody is warned.
    assert session.get(SessionFamily, person.actor.session_id).ended_because != "reuse"
    assert session.scalar(text("SELECT count(*) FROM events")) == 0


def test_each_refresh_extends_the_life(refresh, invent, after):
    token = invent().refresh_token
    for days in (50, 100, 150):
        after(days=days)
        answer = refresh(token)
        assert answer.status_code == 200, f"after {days} days"
        token = answer.get_json()["refresh_token"]
    after(days=150 + IDLE_LIFE.days, seconds=1)
    assert refresh(token).status_code == 401


def test_signing_in_again_on_a_device_ends_its_old_session(
    sign_in, account, refresh, session, after
):
    first, old = sign_in(account)
    sign_in(account, replace(PHONE, id="device-2"))
    after(minutes=5)
    second, _ = sign_in(account)
    session.refresh(old)
    assert (old.ended_at, old.ended_because) == (clock.now(), "replaced")
    assert open_devices(session) == ["device-1", "device-2"]
    assert session.get(Mark, ("session", str(old.id))) is not None
    assert refresh(first.refresh_token).status_code == 401
    assert refresh(second.refresh_token).status_code == 200


def test_another_accounts_device_of_the_same_name_is_left_alone(sign_in, account, session):
    sign_in(account)
    other = account_of_phone(session, "+8619911117004")
    sign_in(other)
    assert open_devices(session) == ["device-1", "device-1"]


def test_eight_sign_ins_on_one_device_at_once_leave_one_open_session(live_core):
    with unit_of_work(live_core) as session:
        account_id = account_of_phone(session, "+8619911117005").id

    def sign_in(_):
        with unit_of_work(live_core) as session:
            return sessions.open_session(session, session.get_one(Account, account_id), PHONE)

    with ThreadPoolExecutor(8) as pool:
        granted = list(pool.map(sign_in, range(8)))
    with unit_of_work(live_core) as session:
        assert open_devices(session) == ["device-1"]
        living = session.scalars(
            select(SessionFamily.id).where(SessionFamily.ended_at.is_(None))
        ).one()
        assert session.scalar(select(func.count()).select_from(SessionFamily)) == 8
    families = [tokens.read_refresh(live_core.keys, each.refresh_token) for each in granted]
    print(f"\nparallel sign-ins n = {len(families)}: 1 open session")
    assert [each.family_id for each in families].count(living) == 1


def test_eight_mini_program_sign_ins_at_once_leave_one_account_and_session(live_core):
    app = web_app(replace(build_world(live_core, waiters=4), wechat=OneWechatUser()))
    body = {"login_code": "a", "phone_code": "b"}

    def enter(_):
        return app.test_client().post("/api/v1/auth/miniprogram/wechat", json=body)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(enter, range(8)))
    found = Counter(each.status_code for each in answers)
    print(f"\nparallel sign-ins n = 8: {dict(found)}")
    assert set(found) <= {201, 503}
    assert found[201] >= 1
    citizens = {each.get_json()["citizen"]["id"] for each in answers if each.status_code == 201}
    assert len(citizens) == 1
    with unit_of_work(live_core) as session:
        assert open_devices(session) == ["wechat:one-openid"]
        assert session.scalar(select(func.count()).select_from(Account)) == 1


def test_a_generation_from_the_future_is_adopted_and_not_punished(refresh, invent, session):
    """The database was set back, as when a standby takes over: the client is ahead of us."""
    person, keys = invent(), session.core.keys
    family_id = person.actor.session_id
    answer = refresh(tokens.derive_refresh(keys, family_id, 7))
    assert answer.status_code == 200
    assert answer.get_json()["refresh_token"] == tokens.derive_refresh(keys, family_id, 8)
    family = session.get(SessionFamily, family_id, populate_existing=True)
    assert (family.generation, family.ended_at) == (8, None)
    assert session.scalar(text("SELECT count(*) FROM events")) == 0
    # From then on all is as ever: the successor goes on, an old one is a copy.
    assert refresh(answer.get_json()["refresh_token"]).status_code == 200
    assert refresh(person.refresh_token).status_code == 401


@pytest.fixture
def failing_commit(live_core, services):
    """The next commits that touch a session fail, as when the connection breaks at that moment."""
    name = live_core.database.engine.url.database
    owner = create_engine(sqlalchemy_url(services.database_url(name, "huiban_owner")))

    def install():
        with owner.begin() as connection:
            connection.execute(
                text(
                    "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS"
                    " $$ BEGIN RAISE EXCEPTION 'at the commit'; END $$"
                )
            )
            connection.execute(
                text(
                    "CREATE CONSTRAINT TRIGGER fail AFTER INSERT OR UPDATE ON session_families"
                    " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail()"
                )
            )
        owner.dispose()

    return install


def test_a_failed_commit_sends_neither_cookie_nor_token(live_core, failing_commit):
    app = web_app(build_world(live_core, waiters=1))
    origin = {"Origin": live_core.settings.public_url}
    device = {"id": "browser", "name": "浏览器", "platform": "h5"}
    with unit_of_work(live_core) as session:
        login_codes.request_code(session, "login", Asker("+8619911117006", "127.0.0.1"))
        account = account_of_phone(session, "+8619911117007")
        signed_in = sessions.open_session(session, account, Device(**device))
    with unit_of_work(live_core) as session:
        code = login_codes.derive(session, session.scalars(select(LoginCode)).one())
    failing_commit()
    body = {"phone": "19911117006", "code": code, "device": device}
    client = app.test_client()
    client.set_cookie("huiban_refresh", signed_in.refresh_token, path="/api/v1/auth")
    for answer in (
        client.post("/api/v1/auth/sessions", json=body, headers=origin),
        client.post(REFRESH, json={}, headers=origin),
    ):
        assert answer.status_code >= 500
        assert answer.mimetype == "application/problem+json"
        assert "Set-Cookie" not in answer.headers
        assert "token" not in json.dumps(answer.get_json())
    with unit_of_work(live_core) as session:
        family = session.scalars(select(SessionFamily)).one()
        assert family.generation == 0
        assert session.scalars(select(LoginCode)).one().used_at is None


def test_a_committed_sign_in_does_send_the_cookie(client, session, core):
    """So that the test above does not hold for the wrong reason."""
    account = account_of_phone(session, "+8619911117008")
    granted = sessions.open_session(session, account, Device("browser", "浏览器", "h5"))
    session.commit()
    client.set_cookie("huiban_refresh", granted.refresh_token, path="/api/v1/auth")
    answer = client.post(REFRESH, json={}, headers={"Origin": core.settings.public_url})
    assert answer.status_code == 200
    successor = tokens.derive_refresh(
        core.keys, tokens.read_refresh(core.keys, granted.refresh_token).family_id, 1
    )
    assert f"huiban_refresh={successor}" in answer.headers["Set-Cookie"].replace('"', "")
    client.delete_cookie("huiban_refresh", path="/api/v1/auth")


@pytest.mark.parametrize(
    ("seconds", "good"),
    [
        (-(ACCESS_LIFE + SKEW + 5), False),
        (-(ACCESS_LIFE + SKEW - 20), True),
        (0, True),
        (SKEW - 20, True),
        (SKEW + 5, False),
    ],
    ids=["too old", "just old", "new", "just early", "from the future"],
)
def test_clocks_may_differ_by_a_minute_and_no_more(core, invent, client, seconds, good):
    person = invent()
    at = clock.now() + timedelta(seconds=seconds)
    token = tokens.issue_access(core.keys, person.actor, at)
    answer = client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == (200 if good else 401)
    if good:
        assert tokens.read_access(core.keys, token) == person.actor
    else:
        with pytest.raises(TokenRefused):
            tokens.read_access(core.keys, token)


def test_the_owner_hears_of_a_copied_token_in_the_inbox_and_by_text_with_the_time_it_was_used(
    world, client, invent, session, monkeypatch
):
    gateway, person, used = Gateway(), invent(), clock.now() + timedelta(minutes=3)
    with unit_of_work(world.core) as opened:
        first = sessions.refresh(opened, person.refresh_token)
        assert isinstance(sessions.refresh(opened, first.refresh_token), Granted)
    assert recorded(session, WayInChanged) == []
    with monkeypatch.context() as later:
        later.setattr(clock, "now", lambda: used)
        with unit_of_work(world.core) as opened:
            assert isinstance(sessions.refresh(opened, person.refresh_token), Refused)
    (told,) = recorded(session, WayInChanged)
    assert (told["account_id"], told["what"]) == (str(person.actor.account), "session_copied")
    text_way_in_changed.run(replace(world, sms=gateway), **told)
    ((phone, template, params),) = gateway.sent
    assert (phone, template) == (person.phone, world.core.settings.sms.security_template)
    assert params[0] == used.astimezone(clock.SHANGHAI).strftime("%m月%d日%H:%M")
    tell_way_in_changed.run(world, **told)
    with unit_of_work(world.core) as opened:
        account = opened.get_one(Account, person.actor.account)
        again = sessions.open_session(opened, account, PHONE).access_token
    inbox = client.get("/api/v1/notices", headers={"Authorization": f"Bearer {again}"})
    (notice,) = inbox.json["items"]
    assert (notice["category"], notice["title"]) == ("security", "一台设备已被强制退出登录")


def test_pyjwt_would_refuse_whatever_we_refuse_and_accept_what_we_accept(core, invent):
    rng, person = random.Random(77), invent()
    key = core.keys.current("access_tokens")
    good, judged = person.access_token, Counter()
    alphabet = "ABCDwxyz0189-_=. +/\n"
    for _ in range(2_000):
        place = rng.randrange(len(good))
        changed = rng.choice(
            [
                good[:place] + rng.choice(alphabet) + good[place + 1 :],
                good[:place] + good[place + 1 :],
                good[:place] + rng.choice(alphabet) + good[place:],
                good[: rng.randrange(len(good))] + good[place:],
                good,
            ]
        )
        try:
            ours = tokens.read_access(core.keys, changed) is not None
        except TokenRefused:
            ours = False
        try:
            theirs = jwt.decode(
                changed, key.secret, ["HS256"], audience=list(tokens.AUDIENCES.values())
            )
        except jwt.InvalidTokenError:
            theirs = None
        # PyJWT knows nothing of our one header, so it may accept what we refuse, never the reverse.
        assert not ours or theirs is not None, changed
        judged[ours] += 1
    print(f"n = {judged.total()} tokens, {judged[True]} of them unchanged")
    assert judged[False] > 1_000
    assert judged[True] > 200
