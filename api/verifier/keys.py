"""The public keys of health codes, for anybody who verifies."""

import hashlib

import marshmallow as ma
from flask import Response, jsonify, request

from api.blueprints import AudienceBlueprint
from api.context import session
from api.schemas import Schema
from healthcode.keys import published

blueprint = AudienceBlueprint(
    "code_keys",
    __name__,
    audience="public",
    url_prefix="/api/v1/health-code/keys",
    description="Doors",
)

#: Seconds; a killed key is forgotten at connected doors within this time.
MAX_AGE = 60


class Jwk(Schema):
    """A public key (RFC 8037)."""

    kty = ma.fields.String(required=True, validate=ma.validate.OneOf(["OKP"]))
    crv = ma.fields.String(required=True, validate=ma.validate.OneOf(["Ed25519"]))
    x = ma.fields.String(required=True)
    alg = ma.fields.String(required=True, validate=ma.validate.OneOf(["EdDSA"]))
    kid = ma.fields.String(required=True)
    use = ma.fields.String(required=True)
    status = ma.fields.String(
        required=True, validate=ma.validate.OneOf(["next", "current", "previous"])
    )


class KeySet(Schema):
    """`signature`: compact JWS by the root key; a verifier relies on its payload only."""

    keys = ma.fields.List(ma.fields.Nested(Jwk), required=True)
    signature = ma.fields.String(required=True)


@blueprint.route("", methods=["GET"], policy="public")
@blueprint.response(200, KeySet)
@blueprint.alt_response(304, description="unchanged since the ETag sent")
def show_keys() -> Response:
    """The keys as last published."""
    found = published(session())
    response = jsonify({"keys": found.keys, "signature": found.signature})
    response.headers["Cache-Control"] = f"public, max-age={MAX_AGE}"
    response.set_etag(hashlib.sha256(found.signature.encode()).hexdigest()[:32])
    response.make_conditional(request)
    return response
