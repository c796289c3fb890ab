"""KPIs: defined once in YAML, compiled to SQL, asked by `answer`."""

from nextmove.kpis.catalogue import Catalogue, Kpi, load_catalogue
from nextmove.kpis.query import answer, compiled_sql
from nextmove.kpis.question import Question
from nextmove.kpis.scope import EVERYTHING, Scope

__all__ = ["EVERYTHING", "Catalogue", "Kpi", "Question", "Scope", "answer", "compiled_sql", "load_catalogue"]
