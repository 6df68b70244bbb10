# Random attention patterns over tokens that repeat, and what core/analysis/head_scores.h says of them, computed with
# numpy in float64 by masks over whole matrices (the program walks rows).
#
#   python make_head_scores.py        # writes head_scores.json beside this file
import json
import pathlib

import numpy as np

LOCAL_REACH = 4


def case(random, positions, heads, vocabulary, causal, window):
    tokens = random.integers(0, vocabulary, positions)
    query, key = np.indices((positions, positions))
    seen = np.ones((positions, positions), bool)
    if causal:
        seen &= key <= query
    if window:
        seen &= query - key < window
    logits = random.standard_normal((heads, positions, positions)) * 3.0
    weights = np.where(seen, np.exp(logits), 0.0)
    pattern = (weights / weights.sum(-1, keepdims=True)).astype(np.float32)
    alpha = pattern.astype(np.float64)
    count = seen.sum(-1)
    chooses = count >= 2

    def mean(numbers, counted):
        counted = counted & chooses
        return [float(row[counted].mean()) if counted.any() else None for row in numbers]

    places = np.arange(positions)
    all_queries = np.ones(positions, bool)
    same = tokens[:, None] == tokens[None, :]
    # Key k follows an earlier occurrence of the query's token: tokens[k-1] == tokens[query], k-1 < query.
    behind = np.zeros_like(seen)
    behind[:, 1:] = same[:, :-1] & (key[:, 1:] - 1 < query[:, 1:])
    behind &= seen
    far = seen & (np.abs(query - key) > LOCAL_REACH)
    previous = np.where((query - key == 1), alpha, 0.0).sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        entropy = -np.where(alpha > 0, alpha * np.log(alpha), 0.0).sum(-1)
        diffuse = entropy / np.log(count)
    scores = {
        "previous_token": mean(previous, places > 0),
        "same_token": mean(np.where(same, alpha, 0.0).sum(-1), all_queries),
        "sink": mean(alpha[:, :, 0], places > 0),
        "induction": mean(np.where(behind, alpha, 0.0).sum(-1), behind.any(-1)),
        "local": mean(np.where(np.abs(query - key) <= LOCAL_REACH, alpha, 0.0).sum(-1), far.any(-1)),
        "diffuse": mean(diffuse, all_queries),
        "entropy": mean(entropy, all_queries),
        "distance": mean((alpha * np.abs(query - key)).sum(-1), all_queries),
    }
    return {"causal": causal, "window": window, "tokens": tokens.tolist(),
            # Nine digits tell every float32 from its neighbours.
            "pattern": [[[float(f"{x:.9g}") for x in row] for row in head] for head in pattern.tolist()],
            "scores": scores}


def main():
    random = np.random.Generator(np.random.PCG64(20261121))
    cases = [case(random, 24, 3, 9, True, 0), case(random, 18, 2, 5, True, 7), case(random, 13, 2, 40, False, 0),
             case(random, 3, 1, 50, True, 0)]
    path = pathlib.Path(__file__).resolve().parent / "head_scores.json"
    path.write_text(json.dumps({"numpy": np.__version__, "cases": cases}) + "\n")
    print(path, path.stat().st_size)


if __name__ == "__main__":
    main()
