"""What can go wrong on our own pages and in the registry."""

from app.core.errors import Conflict, InvalidInput, NotAllowed, NotFound


class ClientNotValid(InvalidInput):
    """A client cannot be registered like that; `fields` say why."""

    code = "client_not_valid"
    zh = "接入应用的登记信息有误：{reason}"
    en = "The client cannot be registered like this: {reason}"


class ProposalWaits(Conflict):
    """Something else is proposed for this client already."""

    code = "proposal_waits"
    zh = "该应用已有待批准的变更，请先处理。"
    en = "Another change of this client waits to be approved."


class RequestGone(NotFound):
    """The sign-in was finished, is too old, or belongs to another browser."""

    code = "sign_in_gone"
    zh = "此登录页面已失效，请回到原网站重新登录。"
    en = "This sign-in page is no longer valid; please go back to the site and sign in again."


class FormRefused(NotAllowed):
    """A form that was not shown by us to this browser."""

    code = "form_refused"
    zh = "页面已过期，请返回重试。"
    en = "The page has expired; please go back and try again."
