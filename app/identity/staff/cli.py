"""Commands for the first administrators: `flask staff …`."""

from typing import cast

import click

from app.core.cli import current_core
from app.core.db import unit_of_work
from app.core.errors import DomainError
from app.identity.staff import roles, services
from app.identity.staff.models import ADMINISTRATORS, Role


@click.group("staff")
def staff() -> None:
    """Officers and administrators (工作人员)."""


@staff.command("first-admin")
@click.option("--login", required=True)
@click.option("--name", required=True, help="The officer's name.")
@click.option("--role", type=click.Choice(ADMINISTRATORS), default="system_admin")
@click.option("--unit", default="平台运行管理", help="The unit made for them.")
@click.option("--region", default="420000000000", help="The unit's division, twelve digits.")
def first_admin(login: str, name: str, role: str, unit: str, region: str) -> None:
    """Make the first system, security or audit administrator and show their password, once.

    Their first sign-in sets a password of their own and enrols the second factor. Refused as soon as
    somebody holds the role: from then on administrators propose and confirm each other.
    """
    try:
        with unit_of_work(current_core()) as session:
            made = services.make_unit(session, services.NewUnit(unit, "department", region))
            new = services.NewOfficer(login, name, made.id)
            officer, password = services.make_officer(session, new)
            roles.appoint_first(session, officer.id, cast(Role, role))
    except DomainError as refused:
        raise click.ClickException(f"{refused.zh} {refused.en}") from None
    click.echo(f"{role} {officer.login}")
    click.echo(f"首次登录密码，仅显示一次 first password, shown once: {password}")
