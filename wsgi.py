"""Entry point of the web processes: `granian --interface wsgi wsgi:app`."""

import atexit
import os

from prometheus_client.multiprocess import mark_process_dead

from app import settings
from app.core import logging
from composition import build_web

configuration = settings.load()
logging.configure(readable=not configuration.production)
app = build_web(configuration)
app.extensions["huiban"].core.start()
# The metrics of a process that ends must not be taken for those of one that lives.
atexit.register(mark_process_dead, os.getpid())
