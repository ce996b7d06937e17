"""Entry point of the web processes: `granian --interface wsgi wsgi:app`."""

from app import settings
from app.core import logging
from composition import build_web

configuration = settings.load()
logging.configure(readable=not configuration.production)
app = build_web(configuration)
app.extensions["huiban"].core.start()
