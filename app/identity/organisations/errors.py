"""What can go wrong when somebody wants to act for an organisation."""

from app.core.errors import Conflict, InvalidInput, NotAllowed


class OrganisationMismatch(InvalidInput):
    """The one answer when a claim fails: unknown code, closed company, another representative."""

    code = "organisation_mismatch"
    zh = "未能核实您是该单位的法定代表人，请核对统一社会信用代码。"
    en = "You could not be confirmed as the legal representative; please check the code."


class ActingForOrganisation(NotAllowed):
    """The session acts for an organisation, and this is a person's own business."""

    code = "acting_for_organisation"
    zh = "您正在为单位办事，请先切换回本人。"
    en = "You are acting for an organisation; switch back to yourself first."


class ActingEnded(NotAllowed):
    """The right to act for the organisation is over."""

    code = "acting_ended"
    zh = "您为该单位办事的权限已结束，请切换回本人。"
    en = "You may no longer act for this organisation; switch back to yourself."


class ScopeRequired(NotAllowed):
    """An operator without this right. Fact: `scope`."""

    code = "scope_required"
    zh = "您没有为该单位办理此项业务的权限（{scope}）。"
    en = "You may not do this for the organisation (scope: {scope})."


class OperatorExists(Conflict):
    """The organisation has a pending or active authorisation for this document already."""

    code = "operator_exists"
    zh = "该证件号码已有待确认或有效的经办授权。"
    en = "There is a pending or active authorisation for this document number already."


class OperatorNotOpen(Conflict):
    """The authorisation is not waiting for an answer."""

    code = "operator_not_open"
    zh = "该经办授权已处理或已失效。"
    en = "This authorisation has been answered already or is over."
