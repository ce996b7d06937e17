"""What can go wrong with consents."""

from app.core.errors import Conflict, NotAllowed


class ConsentRequired(NotAllowed):
    """The person must agree to this purpose first. Facts: `purpose`, `notice_version`."""

    code = "consent_required"
    zh = "请先阅读并同意相关个人信息处理告知。"
    en = "Please read and agree to what your data are used for first."


class NoticeOutdated(Conflict):
    """A notice was agreed to that is no longer the present one. Facts: `purpose`, `notice_version`."""

    code = "notice_outdated"
    zh = "告知内容已更新，请阅读后重新确认。"
    en = "The notice has changed; please read it and confirm again."


class TicketRefused(NotAllowed):
    """Wrong, used up or over: a fresh code gives another."""

    code = "ticket_refused"
    zh = "下载凭据已失效，请用验证码重新验证后下载。"
    en = "The ticket is no longer good; prove by a fresh code that it is you, and download then."


class ConsentNotAsked(Conflict):
    """The law itself allows this purpose: there is nothing to agree to or to withdraw."""

    code = "consent_not_asked"
    zh = "该事项依法处理，无需同意。"
    en = "The law allows this; it needs no consent."
