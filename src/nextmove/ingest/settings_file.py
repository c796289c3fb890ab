"""The commented `nextmove.toml` of a new workspace, made from the settings themselves, so none is ever forgotten."""

from __future__ import annotations

from pydantic.fields import FieldInfo

from nextmove.settings import Section, Settings
from nextmove.settings_text import toml

_WIDTH = 44


def settings_file(name: str) -> str:
    """All settings with their help, each at its default and commented out but for the company's name."""
    parts = [
        "# The settings of this workspace. A line that begins with # stands for its default; each can also be set as",
        "# NEXTMOVE_SECTION__KEY.",
    ]
    for section, field in Settings.model_fields.items():
        parts += ["", f"[{section}]" + (f"  # {field.description}" if field.description else "")]
        model = field.annotation
        if isinstance(model, type) and issubclass(model, Section):
            parts += [_line(section, key, one, name) for key, one in model.model_fields.items()]
        else:
            parts.append('# segment = ["Wholesale", "Retail"]')
    return "\n".join(parts) + "\n"


def _line(section: str, key: str, field: FieldInfo, name: str) -> str:
    is_name = (section, key) == ("company", "name")
    value = name if is_name else field.get_default(call_default_factory=True)
    setting = f"{key} = {toml(value)}" if value is not None else f'{key} = ""'
    return f"{'' if is_name else '# '}{setting}".ljust(_WIDTH) + f"  # {field.description}"
