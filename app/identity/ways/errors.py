"""What can go wrong on the other ways in."""

from app.core.errors import Conflict, Gone, InvalidInput, NotAllowed, NotAuthenticated


class PasswordRefused(NotAuthenticated):
    """The one answer to every failed sign-in by password: wrong, none set, nobody has this phone."""

    code = "password_refused"
    zh = "手机号或密码不正确。未设置密码的请用验证码登录。"
    en = "Phone and password do not fit. If you have set no password, sign in by code."


class PasswordNotGood(InvalidInput):
    """Fact `because`: short, common, phone."""

    code = "password_not_good"
    zh = "密码须至少8个字符，不能是常见密码，也不能包含手机号。"
    en = "A password needs 8 characters, must not be a common one and must not contain your phone."


class OldPasswordRefused(InvalidInput):
    """What was given as the old password is not."""

    code = "old_password_refused"
    zh = "原密码不正确。"
    en = "The old password is wrong."


class ScanLoginOver(Gone):
    """Expired, declined or used: a new one is to be shown."""

    code = "scan_login_over"
    zh = "二维码已失效，请刷新后重新扫码。"
    en = "This QR code is over; please refresh it and scan again."


class ScanLoginNotOpen(Conflict):
    """It waits for nobody any more."""

    code = "scan_login_not_open"
    zh = "该登录请求已处理或已失效。"
    en = "This sign-in has been answered already, or is over."


class WrongPair(NotAllowed):
    """The number chosen is not on the screen: the request came from somewhere else."""

    code = "scan_login_wrong_number"
    zh = "所选数字与屏幕显示不一致，本次登录已拒绝。请勿扫描他人发来的登录二维码。"
    en = "This is not the number on the screen, so it is refused. Never scan a QR code you were sent."
