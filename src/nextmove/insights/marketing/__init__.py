"""What marketing brings: what each campaign, channel and segment costs, what its customers earn, and which of them bleed."""

from nextmove.insights.marketing.returns import CUTS, Verdict, returns

__all__ = ["CUTS", "Verdict", "returns"]
