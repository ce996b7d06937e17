"""Which news push tells people of."""

from app.core.events import Subscription
from app.payments.events import LineSettled, OrderPaid
from push import jobs

subscriptions = (
    Subscription(OrderPaid, jobs.tell_order_paid),
    Subscription(LineSettled, jobs.tell_line_settled),
)
