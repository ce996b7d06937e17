"""Privacy's jobs: exports are built and destroyed, what was kept long enough goes."""

import uuid
from collections.abc import Sequence
from typing import Any

import structlog

from app.core import files
from app.core.db import unit_of_work
from app.core.jobs import Task, task
from app.core.one_by_one import one_by_one
from app.privacy import exports, retention
from app.privacy.parts import Part

log = structlog.get_logger()


class RulesLeft(Exception):
    """Some rules of retention could not be carried out; the others were."""


def tasks_for(parts: Sequence[Part]) -> tuple[Task, ...]:
    """The tasks that know every domain's part."""

    @task(exports.BUILD_TASK, queue=exports.QUEUE)
    def build_export(world: Any, *, export_id: str) -> None:
        with unit_of_work(world.core) as session:
            exports.build(session, parts, uuid.UUID(export_id))

    @task("privacy.build_exports_left", queue=exports.QUEUE, cron="* * * * *")
    def build_exports_left(world: Any) -> None:
        with unit_of_work(world.core) as session:
            left = exports.left(session)

        def build(export_id: uuid.UUID) -> None:
            build_export.run(world, export_id=str(export_id))

        one_by_one("privacy.build_exports_left", left, build)

    # Tried again through the early morning: whoever holds a row lets it go.
    @task("privacy.destroy_over", queue=exports.QUEUE, cron="41 2 * * *", first_wait=600)
    def destroy_over(world: Any) -> None:
        url = world.core.settings.retention_url
        if url is None:
            log.warning("retention_not_configured")
            return
        rules = [rule for part in parts for rule in part.retention]
        run = retention.destroy_over(url, rules)
        for table, count in run.destroyed.items():
            log.info("destroyed", table=table, count=count)
        for table, error in run.failed.items():
            log.error("not_destroyed", table=table, error=error)
        if run.failed:
            raise RulesLeft(sorted(run.failed))

    return (build_export, build_exports_left, destroy_over, destroy_exports)


@task("privacy.destroy_exports", queue=exports.QUEUE, cron="23 * * * *")
def destroy_exports(world: Any) -> None:
    """Destroy exports whose week is over, then whatever lies in the folder without a row; hourly."""
    gone = exports.BATCH
    while gone == exports.BATCH:
        with unit_of_work(world.core) as session:
            gone = exports.destroy_due(session)
    with unit_of_work(world.core) as session:
        files.sweep(session)
