"""What the provider knows of me is in my copy, and ends with my account."""

from sqlalchemy import func, select

from app.core.db import unit_of_work
from app.identity.openid import consents, personal_data
from app.identity.openid.models import OpenidConsent, OpenidGrant, OpenidLogin


def exported(session, person):
    account = person.actor.account
    parts = personal_data.export(session, account, person.actor.person_id)
    return {section.name: list(section.rows) for section in parts}


def test_my_copy_says_which_sites_may_know_what_and_when_i_signed_in(
    get_tokens, site, session, invent
):
    tokens, person = get_tokens(site, scope="openid profile offline_access")
    mine = exported(session, person)
    (agreed,), (told,), (browser,) = (
        mine[name] for name in ("connected_apps", "site_sign_ins", "site_logins")
    )
    assert (agreed["site"], agreed["withdrawn_at"]) == ("武汉测试站", None)
    assert (told["site"], told["scopes"]) == (
        "武汉测试站",
        ["offline_access", "openid", "profile"],
    )
    assert browser["auth_at"] is not None
    everything = str(mine)
    assert tokens["refresh_token"] not in everything
    assert exported(session, invent()) == {name: [] for name in mine}, "and nobody else's"


def test_closing_ends_every_browser_token_and_consent_and_tells_the_sites(
    get_tokens, register, core, session, client
):
    site = register(backchannel_logout_uri="https://site.example/told")
    tokens, person = get_tokens(site, scope="openid offline_access")
    account = person.actor.account
    with unit_of_work(core) as own:
        # More than a list shows.
        for _ in range(101):
            other = register(name="又一个站").row
            scopes = frozenset({"openid"})
            consents.give_consent(own, account, other.id, scopes, scopes)
    for _ in range(2):
        with unit_of_work(core) as own:
            personal_data.erase(own, account, person.actor.person_id)
    for table, ended in (
        (OpenidConsent, OpenidConsent.withdrawn_at),
        (OpenidGrant, OpenidGrant.ended_at),
        (OpenidLogin, OpenidLogin.ended_at),
    ):
        standing = select(func.count()).where(table.account_id == account, ended.is_(None))
        assert session.scalar(standing) == 0, table.__tablename__
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert client.get("/oauth/userinfo", headers=bearer).status_code == 401
