"""Puts the outside world together as one WSGI application."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from flask import Blueprint, Flask, Response, jsonify
from flask.json.provider import DefaultJSONProvider
from werkzeug.exceptions import HTTPException

from miniprogram_stubs import (
    alipay,
    business_registry,
    dypns,
    exit_entry,
    faceid,
    fcm,
    fcm_inbox,
    fcm_tokens,
    health_authority,
    household_register,
    inputs,
    keys,
    medical_insurance,
    outages,
    people,
    population,
    sms,
    wechat,
    wechat_subscribe,
    wechatpay,
    wechatpay_page,
    wechatpay_simulate,
)
from miniprogram_stubs.wechatpay_delivery import Courier
from miniprogram_stubs.wechatpay_notify import Notifier
from miniprogram_stubs.wechatpay_orders import Orders
from miniprogram_stubs.wechatpay_signing import Signing
from miniprogram_stubs.world import World, load_world

_LARGEST_BODY_BYTES = 1024 * 1024


class RefusesProductionError(RuntimeError):
    """Somebody tried to start stand-ins of the real parties next to real people's data."""


class _ReadableJson(DefaultJSONProvider):
    """Keeps Chinese readable and fields in the order in which the real parties list them."""

    ensure_ascii = False
    sort_keys = False


def refuse_production() -> None:
    """Raises RefusesProductionError when HUIBAN_ENV says production."""
    if os.environ.get("HUIBAN_ENV", "").strip().lower() == "production":
        raise RefusesProductionError("miniprogram_stubs does not start with HUIBAN_ENV=production")


def create_app(
    world_path: str, keys_path: str | None = None, base_url: str = "http://127.0.0.1:8001"
) -> Flask:
    """The application for the world in this file; its state lives and dies with the object.

    The keys folder is temporary unless named; `base_url` is where the application will listen.
    """
    refuse_production()
    world = load_world(world_path)
    made = keys.ready(world, Path(keys_path) if keys_path else _temporary_folder(), base_url)
    app = Flask("miniprogram_stubs", static_folder=None)
    app.json = _ReadableJson(app)
    app.config["MAX_CONTENT_LENGTH"] = _LARGEST_BODY_BYTES
    inputs.register_errors(app)
    app.register_error_handler(HTTPException, _http_error)
    app.add_url_rule("/healthz", view_func=_healthz)
    failures = outages.Outages()
    for blueprint in (
        *_messengers(world, failures),
        *_push(world, made.fcm, failures),
        *_payments(world, made.wechatpay, failures),
        *_departments(world, failures),
        *_identities(world, failures, base_url),
        *_ways_in(world, made.alipay, failures),
        outages.demonstration_calls(failures),
        people.demonstration_calls(world),
    ):
        app.register_blueprint(blueprint)
    return app


def _messengers(world: World, failures: outages.Outages) -> list[Blueprint]:
    inbox = sms.Inbox()
    platform = wechat.Wechat(world.wechat)
    subscriptions = wechat_subscribe.Subscriptions()
    return [
        sms.party(world, inbox, failures),
        sms.demonstration_calls(inbox),
        wechat.party(platform, failures),
        wechat.demonstration_calls(world, platform),
        wechat_subscribe.party(world, platform, subscriptions, failures),
        wechat_subscribe.demonstration_calls(world, subscriptions),
    ]


def _push(world: World, account: keys.ServiceAccount, failures: outages.Outages) -> list[Blueprint]:
    inbox = fcm_inbox.Inbox()
    tokens = fcm_tokens.AccessTokens()
    return [
        fcm_tokens.party(account, tokens, failures),
        fcm.party(world.fcm, tokens, inbox, failures),
        fcm.demonstration_calls(inbox),
    ]


def _payments(world: World, pay_keys: keys.PayKeys, failures: outages.Outages) -> list[Blueprint]:
    signing = Signing(world.wechatpay, pay_keys)
    orders = Orders()
    notifier = Notifier(signing)
    courier = Courier(notifier, world.wechatpay.retry_seconds)
    return [
        wechatpay.party(world, signing, orders, failures),
        wechatpay_page.page(orders, courier),
        wechatpay_simulate.demonstration_calls(orders, notifier, courier),
    ]


def _departments(world: World, failures: outages.Outages) -> list[Blueprint]:
    records = health_authority.Records.of_world(world)
    ledger = medical_insurance.Ledger.of_world(world)
    return [
        health_authority.party(world, records, failures),
        health_authority.demonstration_calls(world, records),
        medical_insurance.party(world, ledger, failures),
        medical_insurance.demonstration_calls(ledger),
    ]


def _identities(world: World, failures: outages.Outages, base_url: str) -> list[Blueprint]:
    registry = business_registry.Registry(world)
    households = household_register.Register(world)
    checks = faceid.Checks(world)
    return [
        population.party(world, failures),
        exit_entry.party(world, failures),
        business_registry.party(world, registry, failures),
        business_registry.demonstration_calls(world, registry),
        household_register.party(world, households, failures),
        household_register.demonstration_calls(households),
        faceid.party(world, checks, failures, base_url),
        faceid.demonstration_calls(checks),
    ]


def _ways_in(world: World, own: keys.AlipayKeys, failures: outages.Outages) -> list[Blueprint]:
    platform = alipay.Alipay(world.alipay, own)
    carrier = dypns.Carrier(world.one_tap)
    return [
        alipay.party(platform, failures),
        alipay.demonstration_calls(world, platform),
        dypns.party(carrier, failures),
        dypns.demonstration_calls(world, carrier),
    ]


def _temporary_folder() -> Path:
    folder = tempfile.mkdtemp(prefix="miniprogram_stubs_keys_")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def _healthz() -> Response:
    return jsonify({"status": "ok"})


def _http_error(error: HTTPException) -> tuple[Response, int]:
    """Unknown paths, wrong methods and our own mistakes, as JSON."""
    status = error.code or 500
    name = error.name.lower().replace(" ", "_")
    return jsonify({"error": name, "message": error.description}), status
