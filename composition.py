"""The one list of packages, subscriptions and tasks, used by web, worker, commands and tests."""

from typing import Any

from flask import Flask
from flask.cli import NoAppException
from sqlalchemy.exc import OperationalError

from api import idempotency, pages
from api.blueprints import AudienceBlueprint
from api.callbacks import wechatpay as wechatpay_callbacks
from api.citizen import (
    access_log,
    acting,
    auth,
    bills,
    closure,
    connected_apps,
    consents,
    data_exports,
    devices,
    face,
    face_mandates,
    family,
    guardianships,
    health_code,
    linked_accounts,
    me,
    menu,
    merges,
    notices,
    orders,
    organisations,
    passwords,
    payments,
    phones,
    receipts,
    ways,
    ways_in,
)
from api.citizen import scans as my_scans
from api.context import EXTENSION
from api.errors import ProblemApi, register
from api.guards import limit_address
from api.officer import audit as officer_audit
from api.officer import clients as officer_clients
from api.officer import mandates as officer_mandates
from api.officer import me as officer_me
from api.officer import officers, passkeys
from api.officer import sessions as officer_sessions
from api.officer import venues as officer_venues
from api.oidc import authorize, endpoints
from api.oidc import logout as openid_logout
from api.openapi import configure as configure_openapi
from api.openapi import document
from api.ops import audit as audit_heads
from api.ops import health, reference
from api.verifier import keys as code_keys
from api.verifier import scans, venues
from app.audit import cli as audit_cli
from app.audit import jobs as audit_jobs
from app.catalogue import cli as catalogue_cli
from app.connectors.world import World, build_world
from app.core import cli as core_cli
from app.core import housekeeping
from app.core.db import Database
from app.core.events import Subscription, dispatcher
from app.core.jobs import Task
from app.core.keys import KeyRefused
from app.core.runtime import build_core
from app.factory import Package, create_app, trust_proxies
from app.family import jobs as family_jobs
from app.family import personal_data as family_data
from app.identity import jobs as identity_jobs
from app.identity import personal_data as identity_data
from app.identity.events import RealNameProved, WayInChanged
from app.identity.legacy import cli as legacy_cli
from app.identity.legacy import jobs as legacy_jobs
from app.identity.legacy import personal_data as legacy_data
from app.identity.life import cli as life_cli
from app.identity.life import jobs as life_jobs
from app.identity.life.events import MergeChanged
from app.identity.openid import cli as openid_cli
from app.identity.openid import jobs as openid_jobs
from app.identity.openid import personal_data as openid_data
from app.identity.organisations import jobs as organisation_jobs
from app.identity.organisations import personal_data as organisations_data
from app.identity.staff import cli as staff_cli
from app.identity.staff import jobs as staff_jobs
from app.identity.ways import personal_data as ways_data
from app.payments import cli as payments_cli
from app.payments import jobs as payment_jobs
from app.payments import jobs_orders as order_jobs
from app.payments import personal_data as payments_data
from app.payments.providers.registry import providers
from app.privacy import jobs as privacy_jobs
from app.privacy import personal_data as privacy_data
from app.privacy.events import ConsentWithdrawn
from app.privacy.parts import Part
from app.settings import Settings, SettingsError, load
from healthcode import cli as healthcode_cli
from healthcode import jobs as healthcode_jobs
from healthcode import personal_data as healthcode_data
from push import cli as push_cli
from push import jobs as push_jobs
from push import jobs_mandates as push_mandate_jobs
from push import personal_data as push_data
from push.subscriptions import subscriptions as push_subscriptions

PACKAGES = (
    Package(commands=(core_cli.keys,)),
    Package(blueprints=(audit_heads.blueprint,), commands=(audit_cli.cli,)),
    Package(blueprints=(passwords.sign_in, passwords.mine, ways.blueprint, ways_in.blueprint)),
    Package(blueprints=(auth.blueprint, me.blueprint)),
    Package(blueprints=(phones.blueprint, merges.blueprint, closure.blueprint)),
    Package(blueprints=(linked_accounts.blueprint,), commands=(legacy_cli.cli, life_cli.cli)),
    Package(
        blueprints=(
            officer_sessions.blueprint,
            officer_me.blueprint,
            passkeys.blueprint,
            officers.blueprint,
            officer_audit.blueprint,
            officer_venues.blueprint,
        ),
        commands=(staff_cli.staff,),
    ),
    Package(
        blueprints=(
            endpoints.blueprint,
            authorize.blueprint,
            openid_logout.blueprint,
            connected_apps.blueprint,
            officer_clients.blueprint,
        ),
        commands=(openid_cli.cli,),
    ),
    Package(blueprints=(menu.blueprint,), commands=(catalogue_cli.catalogue,)),
    Package(
        blueprints=(
            health_code.blueprint,
            my_scans.blueprint,
            code_keys.blueprint,
            scans.blueprint,
            venues.blueprint,
        ),
        commands=(healthcode_cli.cli,),
    ),
    Package(blueprints=(organisations.blueprint, acting.blueprint, face.blueprint)),
    Package(
        blueprints=(
            consents.purposes,
            consents.blueprint,
            access_log.blueprint,
            data_exports.blueprint,
        )
    ),
    Package(
        blueprints=(
            family.blueprint,
            face_mandates.blueprint,
            guardianships.blueprint,
            officer_mandates.blueprint,
        )
    ),
    Package(
        blueprints=(
            bills.blueprint,
            orders.blueprint,
            payments.blueprint,
            receipts.blueprint,
            wechatpay_callbacks.blueprint,
        ),
        commands=(payments_cli.cli,),
    ),
    Package(blueprints=(notices.blueprint, devices.blueprint), commands=(push_cli.cli,)),
    Package(blueprints=(health.blueprint, reference.blueprint)),
)

SUBSCRIPTIONS = (
    Subscription(RealNameProved, legacy_jobs.link_legacy),
    Subscription(WayInChanged, identity_jobs.text_way_in_changed),
    Subscription(ConsentWithdrawn, healthcode_jobs.end_withdrawn),
    Subscription(MergeChanged, healthcode_jobs.follow_merge),
    *push_subscriptions,
)

#: Each domain's exporter, eraser and terms of keeping; upper ones first.
PARTS: tuple[Part, ...] = (
    push_data.part,
    healthcode_data.part,
    payments_data.part,
    family_data.part,
    organisations_data.part,
    legacy_data.part,
    openid_data.part,
    identity_data.part,
    ways_data.part,
    privacy_data.part,
)

TASKS: tuple[Task, ...] = (
    dispatcher(SUBSCRIPTIONS),
    *housekeeping.tasks,
    idempotency.forget_answers,
    *audit_jobs.tasks,
    *privacy_jobs.tasks_for(PARTS),
    *identity_jobs.tasks,
    *legacy_jobs.tasks,
    *life_jobs.tasks,
    *life_jobs.tasks_for(PARTS, closure.OBSTACLES),
    *organisation_jobs.tasks,
    *staff_jobs.tasks,
    *openid_jobs.tasks,
    *healthcode_jobs.tasks,
    *family_jobs.tasks,
    *order_jobs.tasks,
    *payment_jobs.tasks,
    *push_jobs.tasks,
    *push_mandate_jobs.tasks,
)

#: Jobs at a time. Each has a connection and a place at its outside party, and may wait longer for
#: both than a person may.
WORKER_CONCURRENCY = 8
WORKER_STATEMENT_MS = 30_000
WORKER_POOL_WAIT = 10.0


def blueprints() -> list[AudienceBlueprint]:
    """Every blueprint of the product, in the order of the packages."""
    return [blueprint for package in PACKAGES for blueprint in package.blueprints]


def build_web(settings: Settings) -> Flask:
    """The whole web application on real parts. Merchants' keys that cannot be used stop the start."""
    providers(settings)
    world = build_world(build_core(settings), waiters=1)
    return web_app(world)


def web_app(world: World) -> Flask:
    """The web application on a given world."""
    app = create_app(world, PACKAGES, EXTENSION)
    app.before_request(limit_address)
    _attach_api(app)
    register(app)
    pages.attach(app, world.core.settings)
    trust_proxies(app, world.core.settings.trusted_proxies)
    return app


def describe() -> dict[str, Any]:
    """The OpenAPI document, without a database or a running server."""
    app = Flask("huiban", static_folder=None)
    _attach_api(app)
    with app.app_context():
        return document(None)


def _attach_api(app: Flask) -> None:
    configure_openapi(app)
    api = ProblemApi(app)
    for blueprint in blueprints():
        api.register_blueprint(blueprint)


def command_app() -> Flask:
    """For `flask --app composition:command_app …`: no threads; keys as far as there are any.

    What an operator set wrongly is said in one line.
    """
    try:
        world = build_worker_world(load())
        if world.core.database.migrated_to() is not None:
            world.core.load_keys()
    except (SettingsError, OperationalError) as error:
        raise NoAppException(str(error).splitlines()[0]) from None
    except KeyRefused as error:
        raise NoAppException(error.words("en")) from None
    return web_app(world)


def build_worker_world(settings: Settings) -> World:
    """The world of a worker process: longer waits, more of them."""
    providers(settings)
    database = Database(
        settings.database_url,
        pool_size=WORKER_CONCURRENCY + 1,
        statement_ms=WORKER_STATEMENT_MS,
        pool_wait=WORKER_POOL_WAIT,
    )
    return build_world(build_core(settings, database), waiters=WORKER_CONCURRENCY)
