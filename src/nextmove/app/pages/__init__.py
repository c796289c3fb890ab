"""The pages: each a dataclass of all that its template may use, how it is asked for, and its handler."""
