"""A department's site that signs people in through Huiban: the whole of it.

Flask and Authlib do the work: discovery, PKCE, state, nonce, and the check of the ID token.
"""

import os
import secrets
import sys

from authlib.integrations.flask_client import OAuth
from flask import Flask, redirect, render_template_string, session, url_for

PAGE = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>公积金查询（示例）</title>
{% if person %}<h1>您好，{{ person.name or "市民" }}</h1><pre>{{ person | tojson(indent=2) }}</pre>
<p><a href="{{ url_for('sign_out') }}">退出</a></p>
{% else %}<h1>公积金查询（示例）</h1><p><a href="{{ url_for('sign_in') }}">用汇办登录</a></p>{% endif %}
"""

app = Flask(__name__)
app.secret_key = os.environ.get("SECRET_KEY") or secrets.token_hex()
# Cookies know hosts, not ports: beside another site on this machine ours needs a name of its own.
app.config.update(SESSION_COOKIE_NAME="sample_site", SESSION_COOKIE_SAMESITE="Lax")

if not os.environ.get("CLIENT_ID") or not os.environ.get("CLIENT_SECRET"):
    sys.exit(
        "CLIENT_ID and CLIENT_SECRET are missing: register the site first, see docs/one-login.md"
    )
issuer = os.environ.get("ISSUER", "http://127.0.0.1:8000")
huiban = OAuth(app).register(
    "huiban",
    client_id=os.environ["CLIENT_ID"],
    client_secret=os.environ["CLIENT_SECRET"],
    server_metadata_url=f"{issuer}/.well-known/openid-configuration",
    client_kwargs={"scope": "openid profile phone", "code_challenge_method": "S256"},
)


@app.get("/")
def home() -> str:
    """Who is signed in here."""
    return render_template_string(PAGE, person=session.get("person"))


@app.get("/sign-in")
def sign_in():  # type: ignore[no-untyped-def]
    """Off to Huiban. To demand the real name add `acr_values="urn:huiban:real_name"`."""
    return huiban.authorize_redirect(url_for("callback", _external=True))


@app.get("/callback")
def callback():  # type: ignore[no-untyped-def]
    """Back from Huiban, with a code; or with an error, when the person did not want to."""
    tokens = huiban.authorize_access_token()
    # `sub` is what this person is called here, for ever; keep your data under it.
    session["person"] = dict(huiban.userinfo(token=tokens))
    session["id_token"] = tokens["id_token"]
    return redirect(url_for("home"))


@app.get("/sign-out")
def sign_out():  # type: ignore[no-untyped-def]
    """Out of here, and of Huiban."""
    hint = session.pop("id_token", "")
    session.clear()
    metadata = huiban.load_server_metadata()
    home_again = url_for("home", _external=True)
    return redirect(
        f"{metadata['end_session_endpoint']}?id_token_hint={hint}"
        f"&post_logout_redirect_uri={home_again}"
    )


if __name__ == "__main__":
    app.run(port=int(os.environ.get("PORT", "5000")))
