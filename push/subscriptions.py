"""Which news push tells people of."""

from app.core.events import Subscription
from app.identity.events import WayInChanged
from app.payments.events import LineSettled, OrderHeld, OrderPaid
from push import jobs

subscriptions = (
    Subscription(OrderPaid, jobs.tell_order_paid),
    Subscription(OrderHeld, jobs.tell_order_held),
    Subscription(LineSettled, jobs.tell_line_settled),
    Subscription(WayInChanged, jobs.tell_way_in_changed),
)
