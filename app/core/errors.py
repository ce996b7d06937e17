"""Domain errors: a stable code, words in two languages, no HTTP.

`api.errors` maps each *category* below to a status in one table. A domain subclasses a category and
sets `code`, `zh` and `en`; the words may use `retry_after` and `facts` as `str.format` fields.
"""

from typing import ClassVar


class DomainError(Exception):
    """Something a caller did that cannot be done, or a party that cannot be reached.

    `facts` fill the words and are shown to the caller: never put personal data there.
    `fields` maps an input field to its messages. `retry_after` is in seconds.
    """

    code: ClassVar[str] = "error"
    zh: ClassVar[str] = "操作未完成。"
    en: ClassVar[str] = "The request could not be completed."

    def __init__(
        self,
        *,
        fields: dict[str, list[str]] | None = None,
        retry_after: int | None = None,
        **facts: str | int | None,
    ) -> None:
        super().__init__(self.code)
        self.facts = facts
        self.fields = fields
        self.retry_after = retry_after

    def words(self, language: str) -> str:
        """The explanation in `language` ("zh" or "en")."""
        words = self.en if language == "en" else self.zh
        return words.format(retry_after=self.retry_after, **self.facts)


class NotAuthenticated(DomainError):
    """Nobody is signed in, or the proof of it does not hold."""

    code = "not_authenticated"
    zh = "请先登录。"
    en = "Please sign in first."


class NotAllowed(DomainError):
    """Signed in, but not the kind of actor this is for."""

    code = "not_allowed"
    zh = "您的身份无权进行此操作。"
    en = "Your kind of account may not do this."


class StepUpRequired(NotAllowed):
    """The right person, with too weak a proof of who they are.

    Facts: `level`, and `lasts_seconds`, how long the proof will hold; null for good.
    """

    code = "step_up_required"
    zh = "请先完成身份核验（所需等级：{level}）。"
    en = "A stronger proof of identity is needed first (level: {level})."


class NotFound(DomainError):
    """Unknown, or somebody else's: the answer is the same."""

    code = "not_found"
    zh = "未找到该内容。"
    en = "There is nothing here."


class Conflict(DomainError):
    """The present state does not allow it."""

    code = "conflict"
    zh = "当前状态不允许此操作。"
    en = "The present state does not allow this."


class Gone(DomainError):
    """It was there, and its time is over."""

    code = "gone"
    zh = "该内容已失效。"
    en = "This is over."


class InvalidInput(DomainError):
    """The input is well formed JSON but wrong. `fields` say where."""

    code = "invalid_input"
    zh = "提交的内容有误，请检查标出的项目。"
    en = "Some of the input is not valid; see the fields named."


class TooManyRequests(DomainError):
    """A limit was reached; `retry_after` says when to come back."""

    code = "too_many_requests"
    zh = "操作过于频繁，请稍后再试。"
    en = "Too many requests; please try again later."


class Unavailable(DomainError):
    """A part we depend on cannot answer now; nothing was stored."""

    code = "unavailable"
    zh = "服务繁忙，请稍后再试。"
    en = "The service is busy; please try again shortly."
