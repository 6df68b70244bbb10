"""The loss curve of a run, from the log.json that it leaves: a few lines of it."""
import json
from pathlib import Path

from card.sections import korean_table, show, table

STEPS = [10, 30, 100, 300, 600, 1000, 1500, 2000, 2500, 3000, 4000, 5000, 6000, 8000, 10000]


def curve(o):
    path = next(one for one in (Path(o.model) / "log.json", Path(o.model) / "training/log.json") if one.exists())
    log = json.loads(path.read_text(encoding="utf-8"))
    points = {step: loss for step, loss, _ in log["curve"]}
    last = log["steps"] // 10 * 10
    steps = sorted({step for step in STEPS if step <= last} | {last})
    mean = lambda step: [points[one] for one in range(max(10, step - 90), step + 1, 10) if one in points] or [points[step]]
    loss = {step: points[step] if step < 300 else sum(mean(step)) / len(mean(step)) for step in steps}
    held, sources = {}, []
    for one in log["measured"]:
        held.setdefault(one["source"], {})[one["step"]] = one
        sources += [one["source"]] if one["source"] not in sources else []

    def cell(source, step):
        one = held[source].get(step)
        if not one:
            return ""
        return f"{one['nats_per_byte']:.3f}" if one["nats_per_byte"] else f"{100 * one['accuracy']:.1f} %"

    rows = [[f"{step:,}", f"{loss[step]:.3f}", *(cell(source, step) for source in sources)] for step in steps]
    show("Loss curve",
         f"{log['steps']:,} steps, {log['tokens'] / 1e6:.1f} M tokens. Training loss in nats a token (from step 300 "
         "on the mean of the last 100 steps); held out in nats a byte, or the share that is right.\n\n"
         + table(["step", "training", *sources], rows),
         "손실 곡선",
         f"{log['steps']:,}단계, 토큰 {round(log['tokens'] / 1e5) * 10:,}만 개입니다. 학습 손실은 토큰마다 nat이고(300단계부터는 앞 100단계의 평균), "
         "떼어 둔 글은 바이트마다 nat이거나 맞힌 비율입니다.\n\n" + korean_table(["단계", "학습", *sources], rows))
    return {"steps": log["steps"], "tokens": log["tokens"]}
