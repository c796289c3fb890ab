"""How well each product suits each customer, told by what all customers buy: the candidates of cross-selling and their raw scores.

Views, each a matrix of customers × products:

    ease, ease_fresh   EASE (Steck 2019): the linear model that explains each product of a basket by the others, in closed form;
                       on purchases that fade over 180 days (and read with a fade of 60): NDCG@10 0.106, item-kNN 0.065
    peers, peers_ever  what the hundred most similar customers bought lately, or ever
    popular            what everybody bought lately

Left out, because the order learnt from these was no better with them: item-kNN, a factorisation (SVD), EASE on purchases that never fade.

Only the `ITEMS` products that most customers buy take part, so that the inverse stays small (4,000² in single precision: 64 MB), and
similar customers are looked for among at most `POOL`, so the cost grows with the number of customers and not with its square.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from nextmove.predictions.baskets import Baskets, sample_accounts
from nextmove.predictions.groups import Counts, Features, Flags, Runs

if TYPE_CHECKING:
    from scipy import sparse  # loaded where it is used: most refreshes score without it

ITEMS = 4000
POOL = 6000
PEERS = 100
NEAR_PEERS = 10  # the peers that a reason speaks of

Dense = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Affinity:
    """Fitted on one day. Columns of `offered` index `items`; `items` index the products of the baskets."""

    items: Counts
    offered: Counts
    faded: sparse.csr_matrix  # customers × items, weight of the last purchase
    fresh: sparse.csr_matrix
    bought: sparse.csr_matrix
    ease: Dense
    pool: Counts
    pool_profile: sparse.csr_matrix
    pool_recent: sparse.csr_matrix
    pool_bought: sparse.csr_matrix
    popular: Dense

    @cached_property
    def together(self) -> Dense:
        """How many customers bought both: items × offered products."""
        return _gram(self.bought)[:, self.offered]

    def scores(self, rows: Counts) -> dict[str, Dense]:
        """The views for these customers, customers × offered products."""
        weights, near = self._peers(rows)
        out = {
            "ease": self.faded[rows] @ self.ease,
            "ease_fresh": self.fresh[rows] @ self.ease,
            "peers": (weights @ self.pool_recent).toarray(),
            "peers_ever": (weights @ self.pool_bought).toarray(),
            "near_buyers": (near @ self.pool_bought).toarray(),
            "popular": np.broadcast_to(self.popular, (len(rows), len(self.offered))),
        }
        return {name: np.asarray(values, np.float32) for name, values in out.items()}

    def new_to(self, rows: Counts) -> Flags:
        """Which offered products each of these customers has never bought."""
        fresh: Flags = self.bought[rows][:, self.offered].toarray() == 0
        return fresh

    def anchors(self, rows: Counts, row: Counts, offered: Counts) -> tuple[Counts, npt.NDArray[np.float64]]:
        """For each (customer `rows[row]`, offered product): the own item that speaks most for it, and the share of whose buyers buy it."""
        own = self.faded[rows]
        count = np.diff(own.indptr)[row]
        starts = np.concatenate([[0], np.cumsum(count)])
        inside = np.arange(starts[-1]) - np.repeat(starts[:-1], count)
        place = np.repeat(own.indptr[row], count) + inside
        item, column = own.indices[place], np.repeat(offered, count)
        weight = own.data[place] * self.ease[item, column]
        runs = Runs(starts)
        best = weight == np.repeat(runs.max(weight), count)
        first = np.flatnonzero(best)[np.searchsorted(np.flatnonzero(best), runs.first)]
        chosen = item[first]
        buyers = np.maximum(np.asarray(self.bought.sum(axis=0)).ravel(), 1)
        return self.items[chosen], self.together[chosen, offered] / buyers[chosen]

    def _peers(self, rows: Counts) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
        """Weights of the most similar customers in the pool (adding up to one), and ones for the nearest few."""
        alike = (_unit(self.faded[rows]) @ self.pool_profile.T).toarray()
        own = np.minimum(np.searchsorted(self.pool, rows), len(self.pool) - 1)
        alike[np.flatnonzero(self.pool[own] == rows), own[self.pool[own] == rows]] = 0
        nearest = _largest(alike, PEERS)
        weight = np.take_along_axis(alike, nearest, axis=1)
        near = weight >= np.sort(weight, axis=1)[:, -min(NEAR_PEERS, weight.shape[1])][:, None]
        near &= weight > 0
        weight /= np.maximum(weight.sum(axis=1, keepdims=True), 1e-9)
        return _sparse(weight, nearest, len(self.pool)), _sparse(near.astype(np.float32), nearest, len(self.pool))


def fit_affinity(baskets: Baskets, day: int, *, goods: Features, offered: Flags, least_buyers: int) -> Affinity:
    """Learn who suits what from everything known at the end of `day`; `offered` marks the products that may be offered."""
    items = _chosen_items(goods, offered, least_buyers)
    faded, bought = _matrix(baskets, items, day, 180.0), _matrix(baskets, items, day, np.inf)
    recent = _matrix(baskets, items, day, 45.0)
    sold = np.flatnonzero(offered[items])
    pool = np.flatnonzero(sample_accounts(baskets, POOL))
    return Affinity(
        items=items,
        offered=sold,
        faded=faded,
        fresh=_matrix(baskets, items, day, 60.0),
        bought=bought,
        ease=np.ascontiguousarray(_ease(_gram(faded), 50.0)[:, sold]),
        pool=pool,
        pool_profile=_unit(faded[pool]),
        pool_recent=recent[pool][:, sold],
        pool_bought=bought[pool][:, sold],
        popular=np.asarray(recent[:, sold].sum(axis=0), np.float32).ravel(),
    )


def _chosen_items(goods: Features, offered: Flags, least_buyers: int) -> Counts:
    """Offered products first, then those with most buyers, up to `ITEMS`; in the order of their codes."""
    order = np.lexsort((-goods["p_buyers"], -goods["p_b180"], ~offered))
    return np.sort(order[goods["p_buyers"][order] >= least_buyers][:ITEMS])


def _matrix(baskets: Baskets, items: Counts, day: int, fade_days: float) -> sparse.csr_matrix:
    """Customers × items: exp(−days since the last purchase ÷ fade)."""
    from scipy import sparse

    place = np.full(len(baskets.products), -1)
    place[items] = np.arange(len(items))
    runs, size = Runs(baskets.starts), len(baskets.products)
    account, column = baskets.pairs // size, place[baskets.pairs % size]
    weight = np.exp(-(day - baskets.day[runs.last]) / fade_days).astype(np.float32)
    on = column >= 0
    return sparse.csr_matrix((weight[on], (account[on], column[on])), (len(baskets.accounts), len(items)))


def _gram(matrix: sparse.csr_matrix) -> Dense:
    return np.asarray((matrix.T @ matrix).todense(), np.float32)


def _ease(gram: Dense, ridge: float) -> Dense:
    """B = I − P ÷ diag(P) with P = (gram + ridge)⁻¹, by a Cholesky factor in place."""
    from scipy.linalg import lapack

    ridged = gram + ridge * np.eye(len(gram), dtype=np.float32)
    factor, failed = lapack.spotrf(ridged, lower=1, overwrite_a=1)
    if failed:
        raise ArithmeticError("the products' matrix is not positive definite")
    inverse, _ = lapack.spotri(factor, lower=1, overwrite_c=1)
    inverse = np.tril(inverse) + np.tril(inverse, -1).T
    weights: Dense = (-inverse / np.diag(inverse)[None, :]).astype(np.float32)
    np.fill_diagonal(weights, 0)
    return weights


def _unit(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """Rows of length one."""
    from scipy import sparse

    length = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    return sparse.csr_matrix(sparse.diags((1 / np.maximum(length, 1e-12)).astype(np.float32)) @ matrix)


def _largest(values: Dense, count: int) -> Counts:
    """The columns of the `count` largest values of each row, ascending."""
    if values.shape[1] <= count:
        return np.broadcast_to(np.arange(values.shape[1]), values.shape)
    return np.sort(np.argpartition(values, -count, axis=1)[:, -count:], axis=1)


def _sparse(values: Dense, columns: Counts, width: int) -> sparse.csr_matrix:
    """A matrix with so many values in each row, at these columns; zeros are not kept."""
    from scipy import sparse

    starts = np.arange(len(values) + 1) * values.shape[1]
    matrix = sparse.csr_matrix((values.ravel(), columns.ravel(), starts), (len(values), width))
    matrix.eliminate_zeros()
    return matrix
