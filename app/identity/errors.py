"""What can go wrong when somebody says who they are."""

from app.core.errors import Conflict, InvalidInput, NotAllowed, NotAuthenticated, TooManyRequests


class LoginRefused(NotAuthenticated):
    """The one answer to every failed login: wrong, expired, used or missing code."""

    code = "login_refused"
    zh = "验证码错误或已失效，请重新获取。"
    en = "The code is wrong or no longer valid; please ask for a new one."


class CodeJustSent(TooManyRequests):
    """A code went to this phone within the last minute, for whatever purpose."""

    zh = "刚给这个号码发过验证码，{retry_after} 秒后可再获取。"
    en = "A code was just sent to this number; you can ask for another in {retry_after} s."


class CodeRefused(InvalidInput):
    """The code that was to confirm an act is wrong, expired, used or missing."""

    code = "code_refused"
    zh = "验证码错误或已失效，请重新获取。"
    en = "The code is wrong or no longer valid; please ask for a new one."


class TokenRefused(NotAuthenticated):
    """An access or refresh token that is not, or no longer, good."""

    code = "token_refused"
    zh = "登录已失效，请重新登录。"
    en = "You are signed out; please sign in again."


class OriginRefused(NotAllowed):
    """The refresh cookie came from a page that is not ours."""

    code = "origin_refused"
    zh = "请求来源不受信任。"
    en = "The request does not come from our own pages."


class SessionForDoors(NotAllowed):
    """The session was opened at a door: it checks codes and nothing else."""

    code = "session_for_doors"
    zh = "本次登录仅用于扫码核验，其他事项请在自己的手机上办理。"
    en = "This session is for checking codes only; use your own phone for everything else."


class PhoneCodeRequired(Conflict):
    """This WeChat user has no account yet, so a phone number is needed once."""

    code = "phone_code_required"
    zh = "首次登录需要授权手机号。"
    en = "The first sign-in needs your phone number."


class RealNameMismatch(InvalidInput):
    """The population database does not know this name with this number."""

    code = "real_name_mismatch"
    zh = "姓名与证件号码不一致，请核对后重试。"
    en = "This name and document number do not belong together."


class AlreadyProved(Conflict):
    """The account already stands for another person."""

    code = "real_name_already_proved"
    zh = "该账号已完成其他身份的实名认证。"
    en = "This account already stands for another person."


class IdentityInUse(Conflict):
    """The person already has another account."""

    code = "identity_in_use"
    zh = "该身份已绑定其他账号，请使用原账号登录或到窗口办理。"
    en = "This identity is bound to another account; use that one or visit a service window."
