"""The pages between request and answer: phone, code, more proof, consent."""

import re
from typing import Any

from flask import Response, request
from werkzeug.datastructures import MultiDict

from api.context import session
from api.errors import language
from api.oidc import browser
from api.oidc.browser import page
from api.oidc.words import WORDS
from app.core import clock
from app.identity import login_codes, phones
from app.identity.accounts import account_of_phone, phone_of
from app.identity.comeback import must_prove, welcome
from app.identity.documents import mask_document, mask_name, mask_phone
from app.identity.login_codes import Asker, Guess
from app.identity.models import Account
from app.identity.openid import consents, deciding, logins, logout, requests
from app.identity.openid.claims import organisations_of
from app.identity.openid.deciding import AskConsent, SignIn, Step, StepUp
from app.identity.openid.requests import Waiting
from app.identity.openid.scopes import SCOPES, SEPARATE
from app.identity.queries import identity_document
from app.identity.spraying import WorkRequired

_CODE = re.compile(r"[0-9]{6}", re.ASCII)


def show(waiting: Waiting, step: Step, *, error: str | None = None) -> Response:
    """The page of this step; with words of what was wrong, if it is shown again."""
    words = WORDS[language()]
    facts: dict[str, Any] = {"step_back": None, "step_back_words": "", "error": None}
    if error is not None:
        facts["error"] = words[error]
    if isinstance(step, SignIn):
        phone = requests.phone_of(session(), waiting)
        template = "code" if phone else "phone"
        if phone:
            facts |= {"phone": mask_phone(phone), "step_back": "again"}
            facts["step_back_words"] = words["other_phone"]
    else:
        facts |= {"step_back": "switch", "step_back_words": words["someone_else"]}
        if isinstance(step, StepUp):
            template, facts["level"] = "step_up", step.level
        elif isinstance(step, AskConsent):
            template, facts["scopes"] = "consent", _scopes(waiting, step.account)
    return page(
        template,
        status=422 if error else 200,
        leads_to=waiting.wish.redirect_uri,
        client=waiting.client,
        csrf=browser.token_for(str(waiting.row.id)),
        **facts,
    )


def take(waiting: Waiting, form: MultiDict[str, str]) -> Response | None:
    """Do what was asked for. Returns a page if that was not possible, else None: look again."""
    step = deciding.next_step(session(), waiting, browser.cookie())
    name = form.get("step", "")
    if isinstance(step, SignIn):
        if name == "phone":
            return _send_code(waiting, step, form.get("phone", ""))
        if name == "code":
            return _sign_in(waiting, step, form.get("code", ""))
        if name == "again":
            requests.remember_phone(session(), waiting, None)
    elif name == "switch":
        _sign_out()
    elif name == "consent" and isinstance(step, AskConsent):
        agreed = frozenset(form.getlist("scope"))
        consents.give_consent(
            session(), step.account.id, waiting.client.id, waiting.wish.scopes, agreed
        )
    return None


def _send_code(waiting: Waiting, step: SignIn, text: str) -> Response | None:
    phone = phones.normalise(text.strip())
    if phone is None:
        return show(waiting, step, error="bad_phone")
    asker = Asker(phone, request.remote_addr or "unknown")
    login_codes.request_code(session(), "login", asker)
    requests.remember_phone(session(), waiting, phone)
    return None


def _sign_in(waiting: Waiting, step: SignIn, code: str) -> Response | None:
    phone = requests.phone_of(session(), waiting)
    if phone is None:
        return show(waiting, step)
    if not _CODE.fullmatch(code):
        return show(waiting, step, error="bad_code")
    refusal = login_codes.refuse(session(), Guess(phone, code))
    if refusal is not None:
        busy = isinstance(refusal, WorkRequired)
        return show(waiting, step, error="busy" if busy else "bad_code")
    requests.remember_phone(session(), waiting, None)
    account, at = account_of_phone(session(), phone), clock.now()
    welcome(session(), account, at)
    if must_prove(session(), account, None, at):
        return show(waiting, step, error="prove_first")
    session().flush()
    browser.set_cookie(logins.open_login(session(), account, browser.cookie(), ["sms"]))
    return None


def _sign_out() -> None:
    login = logins.current_login(session(), browser.cookie())
    if login is not None:
        logout.end_login(session(), login)


def _scopes(waiting: Waiting, account: Account) -> list[dict[str, Any]]:
    """What is asked for beside the pseudonym, with what would be told."""
    told = {"phone": mask_phone(phone_of(session(), account))}
    if account.person_id is not None:
        document = identity_document(session(), account.person_id)
        told["profile"] = mask_name(document.name)
        number = mask_document(document.document_number)
        told["real_name"] = f"{mask_name(document.name)} {number}"
    if "organisation" in waiting.wish.scopes:
        names = [each["name"] for each in organisations_of(session(), account)]
        told["organisation"] = "、".join(names) or "—"
    return [
        {"name": name, "separate": name in SEPARATE, "value": told.get(name)}
        for name in SCOPES
        if name in waiting.wish.scopes and name != "openid"
    ]
