"""Editions: one published, immutable state of all numbers.

`refresh` computes everything and publishes an edition by one rename; `current_edition` opens what is published. Everybody
who reads, reads the current edition: all see the same numbers, and a refresh never blocks a reader.
"""

from nextmove.editions.publish import Published, refresh
from nextmove.editions.reader import Edition, current_edition

__all__ = ["Edition", "Published", "current_edition", "refresh"]
