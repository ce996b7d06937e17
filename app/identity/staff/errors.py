"""What can go wrong when staff sign in or administer each other."""

from app.core.errors import Conflict, InvalidInput, NotAllowed, NotAuthenticated


class OfficerLoginRefused(NotAuthenticated):
    """The one answer to every failed sign-in: unknown, locked, gone or wrong password."""

    code = "officer_login_refused"
    zh = "用户名或密码错误。"
    en = "The login or the password is wrong."


class SecondFactorRefused(NotAuthenticated):
    """The second factor is wrong, was used before, or came too late."""

    code = "second_factor_refused"
    zh = "动态口令错误或已失效。"
    en = "The second factor is wrong or no longer valid."


class RoleRequired(NotAllowed):
    """An officer without a role this call is for."""

    code = "role_required"
    zh = "您没有办理此项工作的角色。"
    en = "You do not hold a role this is for."


class PasswordTooWeak(InvalidInput):
    """The new password is missing, weak or the old one."""

    code = "password_too_weak"
    zh = "新密码至少12位，须含大写、小写、数字、符号中的三类，不含用户名，且不同于原密码。"
    en = (
        "The new password needs 12 characters of three kinds (upper case, lower case, digits, "
        "others), without the login, and must differ from the old one."
    )

    def __init__(self) -> None:
        super().__init__(fields={"new_password": [f"{self.zh} {self.en}"]})


class LoginTaken(Conflict):
    """Another officer has, or had, this login."""

    code = "login_taken"
    zh = "该用户名已被使用。"
    en = "This login is taken."


class AdministratorsApart(Conflict):
    """Nobody holds two of the three administrators' roles."""

    code = "administrators_apart"
    zh = "系统、安全、审计管理员须由不同人员担任。"
    en = "System, security and audit administrator must be different people."


class NotOneself(NotAllowed):
    """Nobody decides about themselves."""

    code = "not_oneself"
    zh = "不能对本人进行此操作。"
    en = "Nobody may do this to themselves."


class RoleHeld(Conflict):
    """The officer holds this role, or it waits to be confirmed."""

    code = "role_held"
    zh = "该人员已有此角色，或正待确认。"
    en = "The officer holds this role, or it waits to be confirmed."


class SecondPersonNeeded(NotAllowed):
    """Who proposed it cannot confirm it."""

    code = "second_person_needed"
    zh = "须由另一名工作人员确认。"
    en = "Another officer must confirm this."


class OfficerHasLeft(Conflict):
    """An officer who has left does not come back; a new one is made."""

    code = "officer_has_left"
    zh = "该人员已离职，不能再变更。"
    en = "This officer has left; nothing can be changed any more."


class AdministratorExists(Conflict):
    """Somebody holds this role already: further ones come by grant and confirmation."""

    code = "administrator_exists"
    zh = "该类管理员已存在，请由现任管理员授予。"
    en = "There is such an administrator already, who can grant the role."


class PasskeyRefused(InvalidInput):
    """The credential does not answer our challenge, or there are too many."""

    code = "passkey_refused"
    zh = "通行密钥未通过校验，请重试。"
    en = "The passkey could not be verified; please try again."
