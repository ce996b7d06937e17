"""Every table of the product, so that models and revisions can be compared."""

import api.idempotency
import app.audit.models
import app.catalogue.models
import app.core.events
import app.core.files
import app.core.freshness
import app.core.keys
import app.core.limits
import app.family.models
import app.identity.face.models
import app.identity.legacy.models
import app.identity.life.models
import app.identity.models
import app.identity.openid.models
import app.identity.organisations.models
import app.identity.staff.models
import app.identity.ways.models
import app.payments.ledger
import app.payments.models
import app.privacy.models
import healthcode.models
import push.models
from app.core.db import Base

__all__ = ["api", "app", "healthcode", "metadata", "push"]

metadata = Base.metadata
