"""What can go wrong when an account changes."""

from app.core.errors import Conflict, NotAllowed


class PhoneInUse(Conflict):
    """Another account has this phone: theirs is merged, or the number is declared new to me."""

    code = "phone_in_use"
    zh = "该手机号已有账号：若是本人的，请合并账号；若是新办的号码，请声明后重试。"
    en = (
        "Another account has this phone: merge it if it is yours, or declare the number new to you."
    )


class SamePhone(Conflict):
    """The account has this phone already."""

    code = "same_phone"
    zh = "该手机号就是当前账号的手机号。"
    en = "This is the account's phone already."


class NotNewToMe(Conflict):
    """The number cannot be declared new: the account is not another person's."""

    code = "number_not_recycled"
    zh = "该号码的账号不属于其他实名用户，无需声明。"
    en = "No other person's account has this number, so there is nothing to declare."


class MergeOfTwoPersons(Conflict):
    """Both accounts stand for a person each."""

    code = "merge_of_two_persons"
    zh = "两个账号属于不同的实名用户，不能合并。"
    en = "The accounts stand for two different persons and cannot be merged."


class MergeFromTheOther(Conflict):
    """The other account has the real name, so it is the one that goes on."""

    code = "merge_from_the_other"
    zh = "对方账号已实名，请登录该账号后合并本账号。"
    en = "The other account has the real name: sign in there and merge this one into it."


class MergeOver(Conflict):
    """The merge was undone, or its thirty days are over."""

    code = "merge_over"
    zh = "该合并已撤销或已超过30天，不能再撤销。"
    en = "The merge was undone already, or its thirty days are over."


class PhoneTakenSince(Conflict):
    """The ended account's phone has meanwhile opened another account."""

    code = "phone_taken_since"
    zh = "原手机号此后已注册新账号，不能撤销合并。"
    en = "The phone has opened another account since, so the merge cannot be undone."


class ClosureRefused(Conflict):
    """Something is still under way. Fact: `reasons`, stable codes."""

    code = "closure_refused"
    zh = "账号下仍有未完结事项，暂不能注销（{reasons}）。"
    en = "Something is still under way, so the account cannot be closed yet ({reasons})."


class ProofRefused(NotAllowed):
    """The one answer to a face check that does not count."""

    code = "face_refused"
    zh = "人脸核验未通过，请重新发起。"
    en = "The face check did not succeed; please begin again."
