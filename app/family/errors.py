"""What can go wrong when somebody wants to act for another."""

from app.core.errors import Conflict


class MandateExists(Conflict):
    """The holder has a pending or active mandate for this document already."""

    code = "mandate_exists"
    zh = "您对该证件号码已有待确认或有效的授权。"
    en = "You have a pending or active mandate for this document number already."


class MandateNotOpen(Conflict):
    """The mandate is not waiting for an answer."""

    code = "mandate_not_open"
    zh = "该授权已处理或已失效。"
    en = "This mandate has been answered already or is over."
