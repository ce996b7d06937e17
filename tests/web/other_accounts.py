"""What comes to an account from outside: users of WeChat, accounts at departments, reissued numbers."""

from datetime import timedelta

import httpx
from identity import legacy_support

from app.core import clock
from app.core.db import unit_of_work
from app.identity import phones
from app.identity.accounts import account_of_phone
from app.identity.legacy import importing, linking, reading


def sign_in_from_wechat(stack, phone):
    """Let the WeChat user with this phone sign in from the mini-program."""
    codes = httpx.post(f"{stack.stubs_url}/wechat/simulate/login", json={"phone": phone}).json()
    body = {name: codes[name] for name in ("login_code", "phone_code")}
    opened = httpx.post(f"{stack.url}/api/v1/auth/miniprogram/wechat", json=body)
    assert opened.status_code == 201, opened.text


def hand_over(product, path, person):
    """A department hands over its account of this person."""
    legacy_support.enter(product)
    row = {name: person[name] for name in ("name", "document_number", "phone")}
    legacy_support.write(path, [legacy_support.a_row(1, **row)])
    with unit_of_work(product) as session:
        run = importing.begin(session, legacy_support.SOURCE, reading.examine(path))
        importing.store(session, run.id, 0, list(reading.rows(path)))
        run_id = importing.finish(session, run.id).id
    with unit_of_work(product) as session:
        linking.link_imported(session, run_id)


def reissue(product, phone):
    """The phone came to its account a day ago, so a new device must prove whose it is."""
    with unit_of_work(product) as session:
        account = account_of_phone(session, phones.normalise(phone))
        account.phone_changed_at = clock.now() - timedelta(days=1)
