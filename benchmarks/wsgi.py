"""What the benchmark serves: the product, a bare Flask application and an empty guarded route.

All three live in the same processes, so that only the path differs between two measurements. Neither
of the two additions exists in the product.
"""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from flask import Flask, Response, jsonify

from api.blueprints import AudienceBlueprint
from app import settings
from app.core import logging
from benchmarks.wsgi_paths import BARE, GUARDED
from composition import build_web


def bare_application() -> Flask:
    """Flask and nothing else: one route, one small JSON object."""
    bare = Flask("bare", static_folder=None)

    @bare.get(BARE)
    def answer() -> Response:
        return jsonify(ok=True)

    return bare


def guarded_blueprint() -> AudienceBlueprint:
    """The same answer behind everything the product does for every signed-in request."""
    blueprint = AudienceBlueprint("bench", __name__, audience="citizen", url_prefix="")

    @blueprint.route(GUARDED, methods=["GET"], policy="nothing to see")
    def answer() -> Response:
        return jsonify(ok=True)

    return blueprint


configuration = settings.load()
logging.configure(readable=not configuration.production)
product = build_web(configuration)
product.register_blueprint(guarded_blueprint())
product.extensions["huiban"].core.start()
bare = bare_application()


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Hand the bare path to the bare application and everything else to the product."""
    chosen = bare if environ["PATH_INFO"] == BARE else product
    return chosen(environ, start_response)
