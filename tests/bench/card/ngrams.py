"""Interpolated Kneser-Ney n-grams with three discounts an order (Chen & Goodman 1998, "modified"), over ids of any kind.

What begins a document counts as it is, everything else of a lower order by the number of different ids in front of it.
Below the single ids stands the uniform distribution.
"""
import numpy


class KneserNey:
    def __init__(self, documents, order, vocabulary):
        """documents: arrays of ids, each with what begins and what ends a text."""
        self.order, self.vocabulary = order, vocabulary
        ids = numpy.concatenate(documents).astype(numpy.int64)
        lengths = numpy.array([len(document) for document in documents])
        place = numpy.arange(len(ids)) - numpy.repeat(numpy.cumsum(lengths) - lengths, lengths)  # in its document
        self.keys, counts, of_position = [], [], []  # of each order: sorted keys of n-grams, counts, which one ends here
        before = numpy.zeros(len(ids), dtype=numpy.int64)
        for n in range(1, order + 1):
            here = numpy.flatnonzero(place >= n - 1)
            prefix = before[here - 1] if n > 1 else numpy.zeros(len(here), dtype=numpy.int64)
            keys, inverse, count = numpy.unique(prefix * vocabulary + ids[here], return_inverse=True, return_counts=True)
            ends = numpy.full(len(ids), -1, dtype=numpy.int64)
            ends[here] = inverse
            self.keys.append(keys)
            counts.append(count)
            of_position.append(ends)
            before = ends
        self.tables = [self._table(n, counts, of_position, place) for n in range(1, order + 1)]

    def _table(self, n, counts, of_position, place):
        """For each n-gram the discounted share, and for each (n-1)-gram what is left for the lower order."""
        count = counts[n - 1].astype(numpy.float64)
        if n < self.order:
            begins = of_position[n - 1][place == n - 1]  # n-grams that begin a document
            at = numpy.flatnonzero(place >= n)
            longer, first = numpy.unique(of_position[n][at], return_index=True)
            continued = numpy.bincount(of_position[n - 1][at[first]], minlength=len(count)).astype(numpy.float64)
            is_begin = numpy.zeros(len(count), dtype=bool)
            is_begin[begins] = True
            count = numpy.where(is_begin, count, continued)
            if n == 1:
                count[begins] = 0.0  # what begins a text is never to be said
        of = [max(int((count == i).sum()), 1) for i in range(1, 5)]
        y = of[0] / (of[0] + 2 * of[1])
        discounts = numpy.array([0.0] + [min(max(i - (i + 1) * y * of[i] / of[i - 1], 0.0), i) for i in (1, 2, 3)])
        discount = discounts[numpy.minimum(count, 3).astype(numpy.int64)]
        context = self.keys[n - 1] // self.vocabulary
        contexts = len(counts[n - 2]) if n > 1 else 1
        sums = numpy.bincount(context, weights=count, minlength=contexts)
        left = numpy.bincount(context, weights=discount, minlength=contexts)
        with numpy.errstate(divide="ignore", invalid="ignore"):
            share = (count - discount) / sums[context]
            rest = numpy.where(sums > 0, left / sums, 1.0)
        return numpy.nan_to_num(share), rest

    def _found(self, n, prefix, last):
        """Which n-gram that is; -1: none that was seen."""
        keys, wanted = self.keys[n - 1], prefix * self.vocabulary + last
        at = numpy.minimum(numpy.searchsorted(keys, wanted), len(keys) - 1)
        return numpy.where((prefix >= 0) & (keys[at] == wanted), at, -1)

    def nats(self, document):
        """Minus the logarithm of the probability of all but the first id."""
        ids = numpy.asarray(document, dtype=numpy.int64)
        found, before = [], numpy.zeros(len(ids), dtype=numpy.int64)
        for n in range(1, self.order + 1):
            prefix = numpy.zeros(len(ids), dtype=numpy.int64) if n == 1 else numpy.concatenate(([-1], before[:-1]))
            before = self._found(n, prefix, ids)
            found.append((prefix, before))
        probability = numpy.full(len(ids), 1.0 / self.vocabulary)
        for (prefix, which), (share, rest) in zip(found, self.tables):
            lower = numpy.where(prefix >= 0, rest[prefix], 1.0) * probability
            probability = lower + numpy.where(which >= 0, share[which], 0.0)
        return -numpy.log(probability[1:]).sum()


def token_grams(train_ids, order, vocabulary):
    return KneserNey([numpy.array(ids, dtype=numpy.int32) for ids in train_ids], order, vocabulary)


def with_ends(text):
    return numpy.concatenate(([256], numpy.frombuffer(text.encode(), dtype=numpy.uint8), [257])).astype(numpy.int32)


def byte_grams(texts, order):
    return KneserNey([with_ends(text) for text in texts], order, 258)
