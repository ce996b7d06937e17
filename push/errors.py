"""What can go wrong with notices and devices."""

from app.core.errors import Conflict, InvalidInput


class CategoryNotMutable(InvalidInput):
    """A category whose notices the law or one's own safety demands."""

    code = "category_not_mutable"
    zh = "法定告知、资金和安全类消息不能关闭。"
    en = "Statutory notices and those about money and safety cannot be switched off."


class WechatNotLinked(Conflict):
    """The account never signed in through our mini-program, so there is nobody to knock on."""

    code = "wechat_not_linked"
    zh = "请先在微信小程序中登录本账号，再订阅微信消息。"
    en = "Please sign in with this account in the WeChat mini-program first."


class FactsRefused(InvalidInput):
    """A table of facts that must not be recorded. `fields` name the lines, never their content."""

    code = "facts_refused"
    zh = "事实表有误，未导入任何内容。"
    en = "The table of facts is wrong; nothing was imported."
