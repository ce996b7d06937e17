"""Identity's jobs: sending codes, telling of changes by text message."""

import uuid
from datetime import datetime

from app.connectors.world import World
from app.core import clock
from app.core.db import unit_of_work
from app.core.jobs import task
from app.identity import login_codes, sessions
from app.identity.accounts import phone_of
from app.identity.face import services as face
from app.identity.models import Account, LoginCode
from app.identity.ways import scan_login


@task(login_codes.SEND_TASK, queue="sms")
def send_login_code(world: World, *, code_id: str) -> None:
    """Derive the code again and hand it to the SMS gateway. An expired code is not sent."""
    row_id = uuid.UUID(code_id)
    with unit_of_work(world.core) as session:
        row = session.get(LoginCode, row_id)
        if row is None or row.used_at is not None or row.expires_at <= clock.now():
            return
        phone = login_codes.recipient(session, row)
        code = login_codes.derive(session, row)
    minutes = str(int(login_codes.LIFE.total_seconds() // 60))
    sms = world.core.settings.sms
    login = row.purpose == login_codes.LOGIN
    template = sms.login_template if login else sms.confirm_template
    world.sms.send(phone, template, [code, minutes])


#: What is told by text message as well; all of it stands in the inbox.
TEXTED = {
    "password_set": "登录密码设置，其他设备已下线",
    "password_changed": "登录密码修改，其他设备已下线",
    "password_removed": "登录密码删除",
    "alipay_linked": "支付宝登录绑定",
    "alipay_removed": "支付宝登录解除",
    "wechat_removed": "微信登录解除",
    "site_token_copied": "授权网站的凭证被重复使用，已停用",
    "session_copied": "登录凭证被重复使用，已强制下线",
}


@task("identity.text_way_in_changed", queue="sms")
def text_way_in_changed(world: World, *, id: str, account_id: str, what: str, at: str) -> None:
    """Tell the owner's phone of a change that whoever gets into an account makes first."""
    if what not in TEXTED:
        return
    with unit_of_work(world.core) as session:
        account = session.get_one(Account, uuid.UUID(account_id))
        if account.phone_sealed is None:
            return
        phone = phone_of(session, account)
    moment = datetime.fromisoformat(at).astimezone(clock.SHANGHAI).strftime("%m月%d日%H:%M")
    world.sms.send(phone, world.core.settings.sms.security_template, [moment, TEXTED[what]])


@task("identity.forget_old", cron="37 * * * *")
def forget_old(world: World) -> None:
    """Delete codes and sessions whose time is over; each hour."""
    with unit_of_work(world.core) as session:
        login_codes.forget_old(session)
        face.forget_old(session)
        scan_login.forget_old(session)
        sessions.forget_old(session)


tasks = (send_login_code, text_way_in_changed, forget_old)
