"""Registered clients, browsers on our pages, and the way from one to the other."""

import pytest
from site_and_browser import Browser, answer_of, make_site


@pytest.fixture
def register(core):
    """Register clients: `register(auth_method="none")`."""
    return lambda **changed: make_site(core, **changed)


@pytest.fixture
def site(register):
    """A confidential client with a secret and every scope."""
    return register()


@pytest.fixture
def browser(app, core):
    """A browser nobody has used."""
    return Browser(app, core)


@pytest.fixture
def browsers(app, core):
    """More browsers."""
    return lambda: Browser(app, core)


@pytest.fixture
def get_code(browser, invent):
    """Sign somebody in for a site: `get_code(site)` → (code, person)."""

    def run(
        site, person=None, agreed=("profile", "phone", "real_name", "offline_access"), **changed
    ):
        person = person or invent()
        page = browser.open(site.address(**changed))
        if "Location" not in page.headers and 'name="phone"' in page.get_data(as_text=True):
            page = browser.sign_in(page, person.phone)
        where = page.headers.get("Location") or browser.agree(page, *agreed)
        return answer_of(where)["code"], person

    return run


@pytest.fixture
def get_tokens(get_code, client):
    """Sign somebody in and exchange the code: `get_tokens(site)` → (tokens, person)."""

    def run(site, **changed):
        code, person = get_code(site, **changed)
        answer = client.post("/oauth/token", data=site.form(code), headers=site.basic)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return answer.get_json(), person

    return run
