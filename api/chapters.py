"""The chapters of the API's description, in the order a reader wants them.

A blueprint's `description` names its chapter.
"""

#: English title → Chinese title, what the chapter is about.
CHAPTERS: dict[str, tuple[str, str]] = {
    "One login": (
        "统一登录",
        "用手机验证码、密码、微信、支付宝、一键或扫码登录同一个账号，续期、退出，切换为单位办事。 "
        "Signing in to one account by phone code, password, WeChat, Alipay, one tap or QR code; "
        "renewing, signing out, acting for an organisation.",
    ),
    "Myself": (
        "我的账号",
        "账号资料、实名认证、人脸核验和密码。 My account, real name, face check and password.",
    ),
    "Personal data": (
        "个人信息",
        "用途与同意、查阅记录、数据导出，以及登录过的部门网站。 "
        "Purposes and consents, who read what, export, and the sites I signed in to.",
    ),
    "Regions and menu": (
        "地区与事项",
        "各地可办的事项及其编码，可以搜索。 What can be done where, with its codes, and search.",
    ),
    "Health code": (
        "健康码",
        "健康申报、亮码、扫码记录。 Declaring, showing the code, who scanned it.",
    ),
    "Family": (
        "家庭",
        "家人之间的授权，父母和监护人为子女办事。 "
        "Mandates between relatives; parents and guardians acting for a child.",
    ),
    "Paying": (
        "缴费",
        "账单、订单、付款和凭证，本人和家人的。 "
        "Bills, orders, payments and receipts, one's own and the family's.",
    ),
    "Organisations": (
        "单位",
        "绑定单位，经办人及其权限。 Binding an organisation; its operators and their rights.",
    ),
    "Notices": (
        "消息",
        "消息及其原因、接收偏好和设备。 Notices and why they came, preferences, devices.",
    ),
    "Doors": (
        "场所核验",
        "核验人员扫码，核验公钥和场所。 Staff at a door scan; the keys to check by, and venues.",
    ),
    "Officers": (
        "工作人员",
        "双因素登录，机构、人员与角色，审计，场所，代办确认，接入网站。 "
        "Signing in with two factors; units, officers and roles; audit, venues, "
        "mandates confirmed in person, and sites that connect.",
    ),
    "OpenID": (
        "部门网站接入",
        "标准的 OpenID Connect，部门网站由此登录。 "
        "The standard's own calls, by which sites of departments sign people in.",
    ),
    "Callbacks": (
        "回调",
        "支付机构的通知，由其签名证明。 What payment providers tell us, proved by their signature.",
    ),
    "Operations": (
        "运维",
        "存活、就绪、指标、审计链头和接口说明。 "
        "Alive, ready, metrics, the heads of the audit chain, and this description.",
    ),
}


def heading(title: str) -> str:
    """A chapter's name as a reader sees it; an unknown one keeps its title."""
    return f"{CHAPTERS[title][0]} {title}" if title in CHAPTERS else title
