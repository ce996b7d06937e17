"""A mother acts for her child, and what is done by a mandate is seen by both."""

import pytest
from playwright.sync_api import expect

from app.identity.documents import mask_name

pytestmark = pytest.mark.timeout(300)


def test_a_mother_is_confirmed_by_the_register_and_what_she_does_is_listed(
    new_page, people, enter, watch, assert_accessible
):
    watch.expect("409")
    page = new_page(viewport={"width": 320, "height": 640})
    headers = enter(page, "r001")
    child = people["c001"]
    page.goto("/app/#/family")
    page.get_by_role("button", name="我是监护人").click()
    expect(page.get_by_role("heading", name="我是监护人")).to_be_focused()
    # Somebody else's child.
    page.get_by_label("孩子姓名").fill(people["c002"]["name"])
    page.get_by_label("身份证号").fill(people["c002"]["document_number"])
    assert_accessible(page)
    page.get_by_role("button", name="核实").click()
    expect(page.get_by_role("alert").filter(has_text="监护")).to_be_visible()
    page.get_by_label("孩子姓名").fill(child["name"])
    page.get_by_label("身份证号").fill(child["document_number"])
    page.get_by_role("button", name="核实").click()
    expect(page.get_by_role("heading", name="已确认您是监护人")).to_be_focused()
    assert_accessible(page)
    page.get_by_role("button", name="回到家人").click()
    card = page.get_by_role("listitem").filter(has_text=mask_name(child["name"])).first
    card.get_by_role("button", name="办理记录").click()
    expect(page.get_by_role("heading", name="办理记录")).to_be_focused()
    assert_accessible(page)
    # She looks at the child's bills; that is told.
    members = page.context.request.get("/api/v1/family/members", headers=headers).json()["items"]
    subject = members[1]["person_id"]
    seen = page.context.request.get(f"/api/v1/bills?beneficiary_id={subject}", headers=headers)
    assert seen.status == 200, seen.text()
    page.reload()
    use = page.get_by_role("listitem").filter(has_text=f"替 {mask_name(child['name'])}")
    expect(use.first).to_be_visible()
    assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 320
