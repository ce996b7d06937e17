"""The one list of packages, subscriptions and tasks, used by web, worker, commands and tests."""

from flask import Flask

from api.blueprints import AudienceBlueprint
from api.callbacks import wechatpay as wechatpay_callbacks
from api.citizen import auth, bills, family, health_code, me, menu, orders, payments, receipts
from api.citizen import scans as my_scans
from api.context import EXTENSION
from api.errors import ProblemApi, register
from api.openapi import configure as configure_openapi
from api.ops import health, reference
from api.verifier import keys as code_keys
from api.verifier import scans, venues
from app.catalogue import cli as catalogue_cli
from app.connectors.world import World, build_world
from app.core import cli as core_cli
from app.core import housekeeping
from app.core.events import Subscription, dispatcher
from app.core.jobs import Task
from app.core.runtime import build_core
from app.factory import Package, create_app
from app.family import jobs as family_jobs
from app.identity import jobs as identity_jobs
from app.identity.events import RefreshTokenReused
from app.payments import jobs as payment_jobs
from app.payments import jobs_orders as order_jobs
from app.payments.providers.registry import providers
from app.settings import Settings, load
from healthcode import cli as healthcode_cli
from healthcode import jobs as healthcode_jobs

PACKAGES = (
    Package(commands=(core_cli.keys,)),
    Package(blueprints=(auth.blueprint, me.blueprint)),
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
    Package(blueprints=(family.blueprint,)),
    Package(
        blueprints=(
            bills.blueprint,
            orders.blueprint,
            payments.blueprint,
            receipts.blueprint,
            wechatpay_callbacks.blueprint,
        )
    ),
    Package(blueprints=(health.blueprint, reference.blueprint)),
)

SUBSCRIPTIONS = (Subscription(RefreshTokenReused, identity_jobs.warn_of_reuse),)

TASKS: tuple[Task, ...] = (
    dispatcher(SUBSCRIPTIONS),
    *housekeeping.tasks,
    *identity_jobs.tasks,
    *healthcode_jobs.tasks,
    *family_jobs.tasks,
    *order_jobs.tasks,
    *payment_jobs.tasks,
)

#: Jobs may wait longer for the database and for outside parties than a person may.
WORKER_STATEMENT_MS = 30_000
WORKER_WAITERS = 4


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
    configure_openapi(app)
    api = ProblemApi(app)
    register(app)
    for blueprint in blueprints():
        api.register_blueprint(blueprint)
    return app


def command_app() -> Flask:
    """For `flask --app composition:command_app …`: no threads; keys as far as there are any."""
    world = build_world(build_core(load(), statement_ms=WORKER_STATEMENT_MS), waiters=1)
    if world.core.database.migrated_to() is not None:
        world.core.load_keys()
    return web_app(world)


def build_worker_world(settings: Settings) -> World:
    """The world of a worker process: longer waits, more of them."""
    providers(settings)
    core = build_core(settings, statement_ms=WORKER_STATEMENT_MS)
    return build_world(core, waiters=WORKER_WAITERS)
