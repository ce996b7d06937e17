"""What can go wrong when somebody wants to act for another."""

from app.core.errors import Conflict, NotAllowed, NotFound


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


class GuardianshipNotConfirmed(Conflict):
    """Unknown child, wrong name, wrong relation or no guardian: one answer."""

    code = "guardianship_not_confirmed"
    zh = "登记信息未能确认您是其监护人。请核对填写内容，或到公安户籍窗口办理。"
    en = "The register does not confirm that you are this child's guardian; please check what you gave."


class GuardianshipStands(Conflict):
    """A child does not end what the law and the register say."""

    code = "guardianship_stands"
    zh = "监护关系以登记为准，不能自行解除；年满18周岁后自动结束。"
    en = (
        "Guardianship follows the register and cannot be ended here; it ends at eighteen by itself."
    )


class GuardianActs(NotAllowed):
    """A child under fourteen: their guardian does this."""

    code = "guardian_acts"
    zh = "未满14周岁的，须由监护人办理。"
    en = "Below the age of fourteen a guardian does this."


class DocumentDiffers(Conflict):
    """The document read at the window is not the mandate's."""

    code = "document_differs"
    zh = "出示的证件与授权申请不一致，不能确认。"
    en = "The document shown is not the one in the request."


class OfficerInvolved(NotAllowed):
    """Who confirms must be neither side; the same name is enough to ask somebody else."""

    code = "officer_involved"
    zh = "经办人员与当事人同名，须由另一名人员办理。"
    en = "You bear the name of one of the two; another officer must do this."


class FaceLinkOver(NotFound):
    """Unknown, expired, used, or its mandate waits no longer: one answer."""

    code = "face_link_over"
    zh = "链接无效或已过期，请让家人重新打开确认页面。"
    en = "This link is not valid or is over; please have your relative open a new one."


class FaceNotConfirmed(NotAllowed):
    """Another face, a name without its number, or a check that does not count: one answer."""

    code = "face_not_confirmed"
    zh = "没有确认是本人。请由本人重新核验，或带身份证到政务服务窗口确认。"
    en = "This was not confirmed to be the person. They may try again, or visit a service window."


class ConfirmsInApp(Conflict):
    """Somebody who has an account agrees there, where nobody can do it in their name."""

    code = "confirms_in_app"
    zh = "对方已有账号并完成实名认证，请由本人登录后确认。"
    en = "This person has an account with a proved name and agrees there."
