"""The web application: who may come in, what each may see, and the pages on which numbers become the next move.

A Django project that is configured from a workspace (`settings.configure`), reads only the current edition, and keeps
people and their sessions in the workspace's app database. Nothing outside this folder knows Django.
"""
