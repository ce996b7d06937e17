"""What stands in a hall is nobody's own device; and a screen gets nothing of a phone just signed out."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from lives import sign_in
from support import make_person

from app.core import clock
from app.core.db import unit_of_work
from app.identity import ending
from app.identity.accounts import lock_accounts
from app.identity.models import Account
from app.identity.sessions import Device, open_session
from app.identity.ways import scan_login
from app.identity.ways.errors import ScanLoginOver

KIOSK = Device("hall-3", "3 号机", "android", lasts=timedelta(minutes=15))
OWN = Device("hall-3", "手机", "android")


@pytest.mark.parametrize(("device", "level"), [(KIOSK, "phone"), (OWN, "real_name")])
def test_a_kiosk_is_not_believed_to_be_its_last_users_device(
    invent, session, core, client, device, level
):
    person = invent()
    account = session.get(Account, person.actor.account)
    open_session(session, account, device, proved=True)
    account.phone_changed_at = clock.now()
    session.commit()
    assert sign_in(core, client, person.phone, "hall-3")["citizen"]["level"] == level


def test_a_screen_does_not_outrun_the_end_of_the_phone_that_let_it_in(live_core):
    person = make_person(live_core)
    with unit_of_work(live_core) as session:
        started = scan_login.start(session, "网页", "web", "198.51.100.7")
        session.flush()
        scan_login.confirm(session, person.actor, started.scan_id, started.number)

    def claim():
        with unit_of_work(live_core) as session:
            return scan_login.claim(session, started.scan_id, started.secret, OWN)

    with ThreadPoolExecutor(1) as pool:
        with unit_of_work(live_core) as session:
            lock_accounts(session, person.actor.account)
            ending.end_all(session, person.actor.account)
            screen = pool.submit(claim)
            time.sleep(0.3)
        with pytest.raises(ScanLoginOver):
            screen.result()
