"""Parts that add up to the change to the cent.

Effects are computed in floating point, the change itself in exact decimals. Each part is rounded down and the missing cents go
to the parts that lost most by it (largest remainder), so no reader ever finds a sum that is off by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_FLOOR, Decimal

CENT = Decimal("0.01")


def add_up(parts: Mapping[str, float | Decimal], total: Decimal, *, unit: Decimal = CENT) -> dict[str, Decimal]:
    """`parts` rounded to `unit` so that they add up to `total` rounded to `unit`.

    >>> add_up({"price": 1 / 3, "volume": 1 / 3, "mix": 1 / 3}, Decimal("1.00"))
    {'price': Decimal('0.34'), 'volume': Decimal('0.33'), 'mix': Decimal('0.33')}
    """
    steps = {key: Decimal(repr(part)) if isinstance(part, float) else Decimal(part) for key, part in parts.items()}
    steps = {key: part / unit for key, part in steps.items()}
    floors = {key: part.to_integral_value(ROUND_FLOOR) for key, part in steps.items()}
    missing = int((total / unit).to_integral_value() - sum(floors.values(), Decimal(0)))
    if floors:
        every, some = divmod(missing, len(floors))
        lost = sorted(floors, key=lambda key: floors[key] - steps[key])
        floors = {key: floor + every + (key in lost[:some]) for key, floor in floors.items()}
    return {key: floor * unit for key, floor in floors.items()}
