"""The payer's and WeChat's side of a payment, at the running stand-in."""

from datetime import timedelta

import httpx
from sqlalchemy import select, update

from app.core import clock
from app.core.db import unit_of_work
from app.payments.models import Order, PaymentAttempt


def pay(client, person, placed, channel="h5"):
    return client.post(
        f"/api/v1/orders/{placed.order_id}/payments",
        json={"provider": "wechatpay", "channel": channel},
        headers=person.headers,
    )


def cancel(client, person, placed):
    path = f"/api/v1/orders/{placed.order_id}/cancel"
    return client.post(path, json={}, headers=person.headers)


def paid_at_wechat(stubs, number, copies=0):
    """The payer pays; WeChat's notify is lost on its way."""
    body = {"out_trade_no": number, "copies": copies}
    answer = httpx.post(f"{stubs}/wechatpay/simulate", json=body, trust_env=False)
    assert answer.status_code == 200, answer.text


def attempt_of(core, number) -> PaymentAttempt:
    with unit_of_work(core) as session:
        one = select(PaymentAttempt).where(PaymentAttempt.out_trade_no == number)
        return session.scalars(one.execution_options(populate_existing=True)).one()


def due_now(core, number, *, expired=False) -> None:
    past = clock.now() - timedelta(seconds=1)
    attempt = attempt_of(core, number)
    with unit_of_work(core) as session:
        changed = {"next_query_at": past} | ({"expires_at": past} if expired else {})
        session.execute(
            update(PaymentAttempt).where(PaymentAttempt.out_trade_no == number).values(changed)
        )
        if expired:
            session.execute(
                update(Order).where(Order.id == attempt.order_id).values(expires_at=past)
            )


def states_at_wechat(stubs, number) -> list[str]:
    """What WeChat itself says of the payments under this number."""
    query = {"out_trade_no": number}
    shown = httpx.get(f"{stubs}/wechatpay/orders", params=query, trust_env=False).json()
    return [each["trade_state"] for each in shown["items"]]
