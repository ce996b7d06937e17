"""What the shell tells everybody: that this is a demonstration, and what does not run as usual."""

import time

import httpx
import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.timeout(300)

SAID = "演示数据 · 人员与金额均为虚构"
SLOWER = "部分服务暂时较慢"


@pytest.mark.short
def test_a_demonstration_says_so_on_every_screen_and_moves_nothing_the_second_time(page):
    page.goto("/app/")
    expect(page.get_by_text(SAID)).to_be_visible()
    page.goto("/app/#/sign-in")
    expect(page.get_by_text(SAID)).to_be_visible()
    # The last answer stands there before the next one comes, and without a network.
    page.add_init_script(
        """new PerformanceObserver((list) => { window.moved = (window.moved ?? 0)
            + list.getEntries().reduce((sum, each) => sum + each.value, 0) })
        .observe({type: 'layout-shift', buffered: true})"""
    )
    page.goto("about:blank")
    page.goto("/app/#/")
    expect(page.get_by_role("heading", name="高频事项")).to_be_visible()
    page.wait_for_load_state("networkidle")
    moved = page.evaluate("window.moved ?? 0")
    print(f"\nlayout moved by {moved:.3f}")
    assert moved < 0.05


def test_a_missing_part_is_told_politely_and_no_longer_when_it_is_back(page, stack):
    status = f"{stack.url}/ops/status"
    page.goto("/app/")
    expect(page.get_by_text(SAID)).to_be_visible()
    expect(page.get_by_text(SLOWER)).to_have_count(0)
    stack.services.kill_redis()
    try:
        await_status(status, "degraded")
        page.reload()
        expect(page.get_by_role("status").filter(has_text=SLOWER)).to_be_visible()
        # Everything goes on meanwhile.
        expect(page.get_by_role("heading", name="高频事项")).to_be_visible()
    finally:
        stack.services.start_redis()
    await_status(status, "ok")
    page.reload()
    expect(page.get_by_text(SLOWER)).to_have_count(0)


def await_status(address, wanted):
    """Until every process behind the address says so: ten answers in a row."""
    end, agreed = time.monotonic() + 20, 0
    while agreed < 10:
        same = httpx.get(address, trust_env=False).json()["status"] == wanted
        agreed = agreed + 1 if same else 0
        assert time.monotonic() < end, f"/ops/status did not become {wanted}"
        time.sleep(0.05)
