"""What leaves for other tools: KPIs as SQL views, the marts as Parquet or in PostgreSQL, the catalogue as Apache Ossie, the KPI reference.

Everything is made from the catalogue and the settings, so a company's own KPIs leave as ours do.
"""
