"""Facts: one row a thing that happened, with its day and its dimensions, in the schema `facts`."""

from nextmove.facts.catalogue import Fact, fill, load_facts
from nextmove.facts.views import create_predicted, create_views, fingerprint, parameters, predicted_tables, prepare

__all__ = ["Fact", "create_predicted", "create_views", "fill", "fingerprint", "load_facts", "parameters", "predicted_tables", "prepare"]
