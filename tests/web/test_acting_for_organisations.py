"""Claiming an organisation, letting somebody act for it, acting for it and going back to oneself."""

import pytest
from playwright.sync_api import expect

from scripts.environment import read_world

pytestmark = pytest.mark.timeout(300)

ACTING = "正在代表"
#: What is seen where the title stands is the title.
ON_TOP = """() => {
    const title = document.querySelector("h1"), box = title.getBoundingClientRect();
    const seen = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    return title.contains(seen);
}"""


def organisation_of(key):
    """The organisation that an invented person stands for."""
    found = [each for each in read_world()["organisations"] if each["representative"] == key]
    return found[0]


def claim(page, organisation):
    page.goto("/app/#/organisations")
    code = organisation["uscc"]
    # As it is copied from the licence.
    page.get_by_label("社会信用代码").fill(f"{code[:8].lower()} {code[8:]}")
    page.get_by_role("button", name="认领", exact=True).click()
    expect(page.get_by_text(f"已认领{organisation['name']}")).to_be_focused()


def ask_operator(page, person):
    page.get_by_role("button", name="添加经办人").click()
    expect(page.get_by_role("heading", name="添加经办人")).to_be_focused()
    page.get_by_label("姓名").fill(person["name"])
    page.get_by_label("身份证号").fill(person["document_number"])
    page.get_by_role("checkbox", name="缴费").check()


def agree_and_act(clerk, company):
    """The operator agrees, and begins to act for it."""
    clerk.goto("/app/#/organisations")
    clerk.get_by_role("button", name="同意", exact=True).click()
    clerk.get_by_role("dialog").get_by_role("button", name="同意", exact=True).click()
    expect(clerk.get_by_text(f"您已是{company['name']}的经办人")).to_be_focused()
    clerk.get_by_role("button", name="代表该单位办理").click()


def the_bar_stays_below_which_the_title_stands(clerk, bar):
    """Also at the end of a long screen."""
    clerk.goto("/app/#/")
    expect(clerk.get_by_role("heading", name="高频事项")).to_be_visible()
    clerk.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(bar).to_be_in_viewport()
    # The title stands below it, covered by nothing.
    expect(clerk.locator("h1")).to_be_in_viewport(ratio=1)
    assert clerk.evaluate(ON_TOP)


@pytest.mark.short
def test_a_representative_claims_a_company_and_her_operator_acts_for_it_until_it_ends(
    new_page, people, enter, assert_accessible
):
    company = organisation_of("r110")
    owner, clerk = new_page(), new_page()
    enter(owner, "r110")
    enter(clerk, "r143")
    owner.goto("/app/#/me")
    owner.get_by_role("button", name="我的单位").click()
    expect(owner.get_by_text("还没有您可以代表的单位")).to_be_visible()
    assert_accessible(owner)
    claim(owner, company)
    assert_accessible(owner)
    owner.get_by_role("button", name="详情与经办人").click()
    expect(owner.get_by_text(company["uscc"])).to_be_visible()
    expect(owner.get_by_text("还没有经办人")).to_be_visible()
    ask_operator(owner, people["r143"])
    assert_accessible(owner)
    owner.get_by_role("button", name="发送请求").dblclick()
    expect(owner.get_by_role("heading", name="请求已发出")).to_be_focused()
    owner.get_by_role("button", name="完成").click()
    expect(owner.get_by_text("等待确认")).to_have_count(1)
    assert_accessible(owner)
    agree_and_act(clerk, company)
    bar = clerk.get_by_role("status").filter(has_text=ACTING)
    expect(bar).to_contain_text(company["name"])
    assert_accessible(clerk)
    clerk.goto("/app/#/bills")
    expect(clerk.get_by_role("heading", name="仅限本人办理")).to_be_focused()
    the_bar_stays_below_which_the_title_stands(clerk, bar)
    assert_accessible(clerk)
    clerk.goto("/app/#/bills")
    # It outlives the page, as the session does.
    clerk.reload()
    expect(bar).to_contain_text(company["name"])
    bar.get_by_role("button", name="切换回本人").click()
    expect(bar).to_be_hidden()
    expect(clerk.get_by_role("heading", name="缴费")).to_be_visible()
    # The owner ends it: nothing is left for the operator.
    owner.reload()
    owner.get_by_role("button", name="解除").click()
    owner.get_by_role("dialog").get_by_role("button", name="解除", exact=True).click()
    expect(owner.get_by_text("已解除")).to_have_count(2)
    clerk.goto("/app/#/organisations")
    expect(clerk.get_by_text("还没有您可以代表的单位")).to_be_visible()


def test_an_operator_ends_their_own_authorisation(new_page, people, enter, assert_accessible):
    company = organisation_of("r118")
    owner, clerk = new_page(), new_page(viewport={"width": 320, "height": 640})
    enter(owner, "r118")
    enter(clerk, "r237")
    claim(owner, company)
    leave = f"不再担任经办人：{company['name']}"
    expect(owner.get_by_role("button", name=leave)).to_have_count(0)
    owner.get_by_role("button", name="详情与经办人").click()
    ask_operator(owner, people["r237"])
    owner.get_by_role("button", name="发送请求").click()
    expect(owner.get_by_role("heading", name="请求已发出")).to_be_focused()
    agree_and_act(clerk, company)
    bar = clerk.get_by_role("status").filter(has_text=ACTING)
    # While they act for it the screen says how to go back, and nothing else.
    expect(bar).to_be_visible()
    expect(clerk.get_by_role("button", name=leave)).to_have_count(0)
    bar.get_by_role("button", name="切换回本人").click()
    clerk.goto("/app/#/organisations")
    expect(clerk.get_by_role("button", name=leave)).to_be_visible()
    assert_accessible(clerk)
    assert clerk.evaluate("document.documentElement.scrollWidth") == 320
    clerk.get_by_role("button", name=leave).click()
    clerk.get_by_role("dialog").get_by_role("button", name="不再担任经办人").click()
    expect(clerk.get_by_text(f"您已不再是{company['name']}的经办人")).to_be_focused()
    expect(clerk.get_by_text("还没有您可以代表的单位")).to_be_visible()


def test_in_another_tab_nothing_goes_on_in_the_role_before(new_page, enter):
    company = organisation_of("r111")
    here = new_page()
    enter(here, "r111")
    claim(here, company)
    there = here.context.new_page()
    there.goto("/app/#/me")
    expect(there.get_by_text("已实名")).to_be_visible()
    here.get_by_role("button", name="代表该单位办理").click()
    bar = there.get_by_role("status").filter(has_text=ACTING)
    expect(bar).to_contain_text(company["name"])
    # What it asks now, it asks for the organisation.
    with there.expect_response("**/api/v1/me") as answered:
        there.reload()
    assert answered.value.json()["acting_as"]["name"] == company["name"]
    bar.get_by_role("button", name="切换回本人").click()
    expect(here.get_by_role("status").filter(has_text=ACTING)).to_be_hidden()


def test_a_right_that_ended_meanwhile_is_acted_on_no_longer(new_page, people, enter, watch):
    watch.expect("403|404")
    company = organisation_of("r112")
    owner, clerk = new_page(), new_page()
    enter(owner, "r112")
    claim(owner, company)
    owner.get_by_role("button", name="详情与经办人").click()
    ask_operator(owner, people["r146"])
    owner.get_by_role("button", name="发送请求").click()
    owner.get_by_role("button", name="完成").click()
    enter(clerk, "r146")
    clerk.goto("/app/#/organisations")
    clerk.get_by_role("button", name="同意", exact=True).click()
    clerk.get_by_role("dialog").get_by_role("button", name="同意", exact=True).click()
    clerk.get_by_role("button", name="代表该单位办理").click()
    bar = clerk.get_by_role("status").filter(has_text=ACTING)
    expect(bar).to_be_visible()
    owner.reload()
    owner.get_by_role("button", name="解除").click()
    owner.get_by_role("dialog").get_by_role("button", name="解除", exact=True).click()
    expect(owner.get_by_text("已解除")).to_have_count(2)
    # The screen that was open says so and leads back.
    clerk.get_by_role("button", name="详情与经办人").click()
    expect(clerk.get_by_role("alert")).to_contain_text("权限已结束")
    clerk.get_by_role("alert").get_by_role("button", name="切换回本人").click()
    expect(bar).to_be_hidden()
    expect(clerk.get_by_text("还没有您可以代表的单位")).to_be_visible()


def test_a_company_that_is_not_mine_is_not_claimed(page, enter, watch):
    watch.expect("422")
    enter(page, "r113")
    page.goto("/app/#/organisations")
    field = page.get_by_label("社会信用代码")
    field.fill("91429999HB9000019A")
    page.get_by_role("button", name="认领", exact=True).click()
    expect(page.get_by_text("统一社会信用代码不正确")).to_be_visible()
    field.fill(organisation_of("r101")["uscc"])
    page.get_by_role("button", name="认领", exact=True).click()
    expect(page.get_by_role("alert").filter(has_text="未能核实")).to_be_focused()


def test_companies_fit_a_narrow_phone_in_english_and_simple_mode(
    new_page, enter, assert_accessible
):
    company = organisation_of("r114")
    page = new_page(viewport={"width": 320, "height": 640})
    enter(page, "r114")
    claim(page, company)
    page.evaluate('localStorage[\'huiban.settings\'] = \'{"simple": true, "language": "en"}\'')
    page.reload()
    page.get_by_role("button", name="Act for it").click()
    expect(page.get_by_role("status").filter(has_text="Acting for")).to_be_visible()
    assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    page.get_by_role("button", name="Details and operators").click()
    expect(page.get_by_text(company["uscc"])).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="Add an operator").click()
    expect(page.get_by_role("heading", name="Add an operator")).to_be_focused()
    assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 320
