#!/usr/bin/env python3
"""rollout.json: random attention patterns, and what numpy (float64) and networkx make of them.

Rollout and flow as in Abnar and Zuidema 2020, "Quantifying Attention Flow in Transformers": a layer is half the mean
over its heads and half the identity; rollout multiplies layers, flow is the largest flow from a token behind the last
layer to a token in front of the first. Patterns are float32, so that the JSON numbers are exactly what the test feeds.
"""

import json
from pathlib import Path

import networkx
import numpy as np


def case(name, layers, heads, tokens, causal, generator):
    scores = generator.normal(0, 2, (layers, heads, tokens, tokens))
    if causal:
        scores = np.where(np.tril(np.ones((tokens, tokens), bool)), scores, -np.inf)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    patterns = (weights / weights.sum(-1, keepdims=True)).astype(np.float32)
    maps = 0.5 * patterns.astype(np.float64).mean(1) + 0.5 * np.eye(tokens)
    rollout = [maps[0]]
    for layer in range(1, layers):
        rollout.append(maps[layer] @ rollout[-1])
    graph = networkx.DiGraph()
    for layer in range(layers):
        for i in range(tokens):
            for j in range(tokens):
                if maps[layer, i, j] > 0:
                    graph.add_edge((layer + 1, i), (layer, j), capacity=float(maps[layer, i, j]))
    flow = [[networkx.maximum_flow_value(graph, (layers, i), (0, j)) if networkx.has_path(graph, (layers, i), (0, j)) else 0.0
             for j in range(tokens)] for i in range(tokens)]
    return {"name": name, "layers": layers, "heads": heads, "tokens": tokens, "causal": causal,
            "patterns": [float(x) for x in patterns.ravel()],
            "rollout": [round(float(x), 12) for x in np.array(rollout).ravel()],  # [layer, query, source]
            "flow": [round(float(x), 12) for x in np.array(flow).ravel()]}  # [query, source]


def main():
    generator = np.random.default_rng(20)
    cases = [case("causal", 4, 3, 6, True, generator), case("both ways", 3, 2, 5, False, generator)]
    path = Path(__file__).parent / "rollout.json"
    path.write_text(json.dumps({"cases": cases}, indent=None) + "\n")


if __name__ == "__main__":
    main()
