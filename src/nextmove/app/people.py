"""Adding people and changing their passwords, for the command line and the demo."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from nextmove.app.roles import Role
from nextmove.app.server import prepare
from nextmove.errors import UnknownName, UserError
from nextmove.workspace import Workspace


@dataclass(frozen=True)
class Person:
    """What an administrator says about a person."""

    username: str
    role: Role
    name: str = ""
    rep_id: str = ""
    teams: tuple[str, ...] = ()
    language: str = "en"


def add(workspace: Workspace, person: Person, *, password: str) -> None:
    """Add a person; a representative needs the rep_id of the data, a manager the teams that they lead."""
    prepare(workspace)
    from django.db import IntegrityError

    from nextmove.app.models import User

    _check(person)
    _check_password(password, person.username)
    more = {"name": person.name, "rep_id": person.rep_id, "teams": list(person.teams), "language": person.language}
    try:
        User.objects.add(person.username, password, role=person.role, **more)
    except IntegrityError:
        raise UserError(f"There is a user called {person.username!r} already.", hint=f"nextmove user password {person.username}") from None


def _check(person: Person) -> None:
    if person.role is Role.representative and not person.rep_id:
        raise UserError("A representative needs the id that the data knows them by.", hint="--rep REP_ID")
    if person.role is Role.manager and not person.teams:
        raise UserError("A manager needs the teams that they lead.", hint="--team TEAM, once for each")


def _check_password(password: str, username: str) -> None:
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError

    try:
        validate_password(password)
    except ValidationError as error:
        raise UserError("The password is too weak.", where=f"user {username}", hint=" ".join(error.messages)) from None


def change_password(workspace: Workspace, username: str, *, password: str) -> None:
    """Give a person another password; every session of theirs ends with it."""
    prepare(workspace)
    from nextmove.app.models import User

    user = User.objects.filter(username=username.strip().lower()).first()
    if user is None:
        raise UnknownName("user", username, User.objects.values_list("username", flat=True))
    _check_password(password, username)
    user.set_password(password)
    user.save(update_fields=["password"])


def everybody(workspace: Workspace) -> list[dict[str, str]]:
    """All people, for a table."""
    prepare(workspace)
    from nextmove.app.models import User

    return [
        {"user": u.username, "name": u.name, "role": u.role, "rep_id": u.rep_id, "teams": ", ".join(u.teams), "language": u.language}
        for u in User.objects.order_by("username")
    ]


def new_password() -> str:
    """A password that nobody guesses and everybody can type."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(alphabet) for _ in range(4)) for _ in range(3))
