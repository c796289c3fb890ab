"""Questions that a sales manager asks of the whole team: where the funnel leaks or slows, who differs from their peers, who left.

Each compares groups of things that happened (deals, orders, weeks) and tells only what chance does not explain, with one budget of
false findings over all that it looked at (Benjamini and Hochberg 1995).
"""

from nextmove.insights.questions.funnel import Funnel, Step, funnel
from nextmove.insights.questions.leavers import Leavers, Trait, leavers
from nextmove.insights.questions.peers import Peer, Peers, peers

__all__ = ["Funnel", "Leavers", "Peer", "Peers", "Step", "Trait", "funnel", "leavers", "peers"]
