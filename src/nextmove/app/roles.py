"""What each kind of person does here: the pages they have, the one they start on."""

from __future__ import annotations

from enum import Enum


class Role(Enum):
    admin = "admin"
    manager = "manager"
    representative = "representative"
    analyst = "analyst"
    marketing = "marketing"

    @property
    def start(self) -> str:
        """The page on which a working day begins."""
        return _START[self]

    @property
    def sees_everything(self) -> bool:
        return self in (Role.admin, Role.analyst, Role.marketing)

    def may_open(self, page: str) -> bool:
        return self in _ONLY_FOR.get(page, frozenset(Role))


_START = {
    Role.admin: "scorecard",
    Role.manager: "scorecard",
    Role.representative: "today",
    Role.analyst: "kpis",
    Role.marketing: "marketing",
}
# A page that is not named here is everybody's; what it shows is still limited to the reader's reach.
_ONLY_FOR = {
    "targets": frozenset({Role.admin, Role.manager}),
    "goals": frozenset({Role.admin, Role.manager}),
    "scorecard": frozenset({Role.admin, Role.manager, Role.analyst, Role.marketing}),
    "data": frozenset({Role.admin, Role.analyst}),
    "gap": frozenset({Role.admin, Role.manager, Role.analyst}),
    "funnel": frozenset({Role.admin, Role.manager, Role.analyst, Role.marketing}),
    "marketing": frozenset({Role.admin, Role.analyst, Role.marketing}),
    "peers": frozenset({Role.admin, Role.manager, Role.analyst}),
    "leavers": frozenset({Role.admin, Role.manager, Role.analyst, Role.marketing}),
    "rightness": frozenset({Role.admin, Role.manager, Role.analyst, Role.marketing}),
    "today": frozenset({Role.admin, Role.manager, Role.representative}),
}
