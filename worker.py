"""Entry point of the worker: runs jobs until it is told to stop."""

from app import settings
from app.core import jobs, logging
from composition import TASKS, WORKER_CONCURRENCY, build_worker_world


def main() -> None:
    """Run jobs from PostgreSQL. Ends cleanly on SIGTERM or SIGINT."""
    configuration = settings.load()
    logging.configure(readable=not configuration.production)
    world = build_worker_world(configuration)
    world.core.start()
    app = jobs.build_app(configuration.database_url, list(TASKS), world)
    try:
        app.run_worker(
            concurrency=WORKER_CONCURRENCY,
            delete_jobs="successful",
            update_heartbeat_interval=jobs.HEARTBEAT,
            stalled_worker_timeout=jobs.STALLED_AFTER,
            fetch_job_polling_interval=2,
            shutdown_graceful_timeout=10,
        )
    finally:
        world.close()


if __name__ == "__main__":
    main()
