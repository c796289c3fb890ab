"""People who may sign in: each has a role, and that role's reach (a representative's own accounts, a manager's teams)."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.validators import RegexValidator
from django.db import models

from nextmove.app.roles import Role
from nextmove.words import LANGUAGES

_SIGN_IN = RegexValidator(r"^[\w.@+-]{2,150}$", "letters, digits and . @ + - _ only")


class Users(BaseUserManager["User"]):
    def add(self, username: str, password: str, *, role: Role, **more: Any) -> User:  # Any: fields of User
        user = self.model(username=username.strip().lower(), role=role.value, **more)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(username=(username or "").strip().lower())


class User(AbstractBaseUser):
    """A person. `rep_id` is the representative whose accounts are theirs; `teams` are those that a manager leads."""

    username = models.CharField(max_length=150, unique=True, validators=[_SIGN_IN])
    name = models.CharField(max_length=150, blank=True)
    role = models.CharField(max_length=20, choices=[(role.value, role.value) for role in Role])
    rep_id = models.CharField(max_length=100, blank=True)
    teams = models.JSONField(default=list, blank=True)
    language = models.CharField(max_length=2, default="en", choices=[(code, code) for code in LANGUAGES])
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["role"]
    objects: ClassVar[Users] = Users()

    def __str__(self) -> str:
        return self.name or self.username

    @property
    def kind(self) -> Role:
        return Role(self.role)
