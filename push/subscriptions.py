"""Which news push tells people of."""

from app.core.events import Subscription
from app.family.events import MandateMoved
from app.identity.events import WayInChanged
from app.identity.life.events import MergeChanged
from app.payments.events import LineSettled, OrderHeld, OrderPaid
from push import jobs, jobs_mandates

subscriptions = (
    Subscription(OrderPaid, jobs.tell_order_paid),
    Subscription(OrderHeld, jobs.tell_order_held),
    Subscription(LineSettled, jobs.tell_line_settled),
    Subscription(WayInChanged, jobs.tell_way_in_changed),
    Subscription(MandateMoved, jobs_mandates.tell_mandate_moved),
    Subscription(MandateMoved, jobs_mandates.text_mandate_moved),
    Subscription(MergeChanged, jobs.follow_merge),
)
