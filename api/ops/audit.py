"""Signed heads of the audit chain, for operators who keep them elsewhere."""

from typing import Any

import marshmallow as ma

from api.blueprints import AudienceBlueprint
from api.context import session
from api.schemas import Schema
from app.audit.heads import newest_heads

#: An hour of them.
SHOWN = 60

blueprint = AudienceBlueprint(
    "audit_heads", __name__, audience="ops", url_prefix="/ops/audit-heads", description="Operations"
)


class AuditHead(Schema):
    """The end of the chain at a moment, signed (Ed25519)."""

    seq = ma.fields.Integer(required=True, metadata={"description": "Rows sealed by then"})
    chain = ma.fields.String(required=True, metadata={"description": "SHA-256, hexadecimal"})
    at = ma.fields.String(required=True)
    kid = ma.fields.String(required=True)
    signature = ma.fields.String(required=True, metadata={"description": "base64"})


class AuditHeads(Schema):
    """Newest first."""

    items = ma.fields.List(ma.fields.Nested(AuditHead), required=True)


@blueprint.route("", methods=["GET"], policy="operators' addresses")
@blueprint.response(200, AuditHeads)
def list_audit_heads() -> dict[str, Any]:
    """The newest signed heads, as the published file has them."""
    return {"items": [head.as_json() for head in newest_heads(session(), SHOWN)]}
