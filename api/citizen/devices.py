"""My phones that may be knocked on."""

import uuid
from typing import Any

import marshmallow as ma

from api.blueprints import AudienceBlueprint
from api.context import actor, session
from api.errors import language
from api.schemas import Schema, Text
from push import devices
from push.devices import Registration

blueprint = AudienceBlueprint(
    "devices", __name__, audience="citizen", url_prefix="/api/v1/devices", description="Notices"
)

_VISIBLE = ma.validate.Regexp(r"[!-~]+\Z", error="不是有效的令牌。 Not a token.")


class DeviceRequest(Schema):
    """`fcm` brings its registration token, `wechat` the templates the person agreed to."""

    channel = Text(10, required=True, validate=ma.validate.OneOf(["fcm", "wechat"]))
    token = Text(1_000, validate=_VISIBLE)
    template_ids = ma.fields.List(Text(64, validate=_VISIBLE), validate=ma.validate.Length(1, 20))

    @ma.validates_schema
    def _one_of_them(self, data: dict[str, Any], **_: Any) -> None:
        needed, other = "token", "template_ids"
        if data["channel"] == "wechat":
            needed, other = other, needed
        if needed not in data:
            raise ma.ValidationError("缺少此项。 Missing for this channel.", needed)
        if other in data:
            raise ma.ValidationError("该渠道不使用此项。 Not for this channel.", other)


class DeviceAnswer(Schema):
    """The device's id."""

    id = ma.fields.UUID(required=True)


@blueprint.route("", methods=["POST"], policy="own account; the phone moves to it")
@blueprint.arguments(DeviceRequest)
@blueprint.response(201, DeviceAnswer)
@blueprint.alt_response(409, description="the platform does not know this account")
def register_device(body: dict[str, Any]) -> dict[str, uuid.UUID]:
    """Register this phone for my account. Again: the same id."""
    templates = tuple(body.get("template_ids", ()))
    said = Registration(body["channel"], body.get("token"), templates, language())
    return {"id": devices.register(session(), actor(), said)}


@blueprint.route("/<uuid:device_id>", methods=["DELETE"], policy="own device")
@blueprint.response(204)
def remove_device(device_id: uuid.UUID) -> None:
    """Stop knocking on this phone."""
    devices.remove(session(), actor(), device_id)
