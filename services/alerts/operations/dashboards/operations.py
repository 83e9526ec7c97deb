"""The dashboard of the road: whether events flow, how far behind workers are, and what became of records."""

from __future__ import annotations

from services.alerts.kpis.event_lag import KPI as EVENT_LAG
from services.alerts.operations.dashboards.panels import (
    Panel,
    dashboard,
    label_variable,
    stat,
    steps,
    target,
    timeseries,
)

_LAG = float(EVENT_LAG.threshold)
_GOOD = steps((None, "green"), (1, "red"))
_NEUTRAL = steps((None, "text"))


def operations_dashboard() -> Panel:
    """The dashboard `earnest-operations`."""
    return dashboard(
        "earnest-operations",
        "Earnest: operations",
        description="Does every event arrive, in time, and what happens to those that do not?",
        variables=[label_variable("worker", "Worker", query="label_values(earnest_worker_records_total, worker)")],
        rows=[
            (4, _now()),
            (8, [_received(), _append()]),
            (8, [_processed(), _batches()]),
            (8, [_lag_seconds(), _lag_records()]),
            (8, [_set_aside(), _dead_letters()]),
            (8, [_memory(), _processor()]),
        ],
    )


def _now() -> list[Panel]:
    return [
        stat(
            "Instances down",
            "Instances that Prometheus cannot scrape. Events wait in the log while one is down; nothing is lost.",
            unit="short",
            targets=[target('count(up{job=~"earnest-.+"} == 0) or vector(0)', "down")],
            thresholds=_GOOD,
        ),
        stat(
            "Events received now",
            "Events accepted per second by all sources.",
            unit="reqps",
            targets=[
                target('sum(rate(earnest_ingest_events_total{outcome="accepted"}[$__rate_interval]))', "accepted")
            ],
            thresholds=_NEUTRAL,
        ),
        stat(
            "Longest wait",
            "Age of the oldest record that some worker has not processed.",
            unit="s",
            targets=[target("max(earnest_worker_lag_seconds)", "oldest")],
            thresholds=steps((None, "green"), (_LAG, "red")),
        ),
        stat(
            "Dead letters",
            "Records of all workers that wait for a person: `earnest dlq list`.",
            unit="short",
            targets=[target("sum(max by (worker) (earnest_dead_letters_open))", "open")],
            thresholds=_GOOD,
        ),
        stat(
            "Alerts firing",
            "Alerts of Earnest that fire now, of the plan and of the road.",
            unit="short",
            targets=[
                target(
                    'count(ALERTS{alertstate="firing", alertname=~"Earnest.+", alertname!="EarnestWatchdog"}) '
                    "or vector(0)",
                    "firing",
                )
            ],
            thresholds=_GOOD,
        ),
        stat(
            "KPIs evaluated",
            "Seconds since the KPIs were evaluated last; every second is usual.",
            unit="s",
            targets=[target("time() - max(earnest_kpi_last_evaluated_timestamp_seconds)", "ago")],
            thresholds=steps((None, "green"), (300, "red")),
        ),
    ]


def _received() -> Panel:
    return timeseries(
        "Events received",
        "Events per second by source and what became of them. A source that sends nothing any more is a flat line.",
        unit="reqps",
        targets=[
            target(
                "sum by (source, outcome) (rate(earnest_ingest_events_total[$__rate_interval]))",
                "{{source}} {{outcome}}",
            )
        ],
    )


def _append() -> Panel:
    return timeseries(
        "Time until an event is durable",
        "How long ingest takes to write a batch to the log, before it answers.",
        unit="s",
        targets=[target(_quantile(share, "earnest_ingest_append_seconds", by=""), name) for share, name in _SHARES],
    )


def _processed() -> Panel:
    return timeseries(
        "Records processed",
        "Records per second that each worker has processed.",
        unit="reqps",
        targets=[
            target(
                "sum by (worker) "
                '(rate(earnest_worker_records_total{outcome="processed", worker=~"$worker"}[$__rate_interval]))',
                "{{worker}}",
            )
        ],
    )


def _batches() -> Panel:
    return timeseries(
        "Time of a batch",
        "From a batch in hand to its commit, by worker: how long one in a hundred takes.",
        unit="s",
        targets=[target(_quantile("0.99", "earnest_worker_batch_seconds", by="worker"), "{{worker}}")],
    )


def _lag_seconds() -> Panel:
    return timeseries(
        "Wait by worker",
        "Age of the oldest record that the worker has not processed. "
        "Rising by a second a second means that it stands still.",
        unit="s",
        targets=[
            target('max by (worker) (earnest_worker_lag_seconds{worker=~"$worker"})', "{{worker}}"),
            target(f"vector({EVENT_LAG.threshold})", "threshold"),
        ],
    )


def _lag_records() -> Panel:
    return timeseries(
        "Records waiting",
        "Records that a worker has not processed, by topic.",
        unit="short",
        targets=[
            target(
                'sum by (worker, topic) (earnest_worker_lag_records{worker=~"$worker"}) > 0',
                "{{worker}} {{topic}}",
            )
        ],
    )


def _set_aside() -> Panel:
    return timeseries(
        "Records not processed",
        "What became of the others: dead (cannot be processed), parked (behind a dead letter of the same key), "
        "repeated and ahead (sent twice by the relay, harmless), refused (another instance had done them, harmless).",
        unit="reqps",
        targets=[
            target(
                "sum by (worker, outcome) "
                '(rate(earnest_worker_records_total{outcome!="processed", worker=~"$worker"}[$__rate_interval])) > 0',
                "{{worker}} {{outcome}}",
            )
        ],
    )


def _dead_letters() -> Panel:
    return timeseries(
        "Dead letters open",
        "Records that wait for a person, by worker. They come down when they are replayed.",
        unit="short",
        targets=[target('max by (worker) (earnest_dead_letters_open{worker=~"$worker"})', "{{worker}}")],
    )


def _memory() -> Panel:
    return timeseries(
        "Memory",
        "Resident memory of each instance.",
        unit="bytes",
        targets=[target('process_resident_memory_bytes{job=~"earnest-.+"}', "{{job}} {{instance}}")],
    )


def _processor() -> Panel:
    return timeseries(
        "Processor",
        "Processor cores that each instance uses. Python works on one: near 1 it is time for another instance.",
        unit="short",
        targets=[
            target('rate(process_cpu_seconds_total{job=~"earnest-.+"}[$__rate_interval])', "{{job}} {{instance}}")
        ],
    )


_SHARES = (("0.5", "median"), ("0.99", "one in a hundred"))


def _quantile(share: str, histogram: str, *, by: str) -> str:
    labels, only = (f"le, {by}", f'{{{by}=~"${by}"}}') if by else ("le", "")
    return f"histogram_quantile({share}, sum by ({labels}) (rate({histogram}_bucket{only}[$__rate_interval])))"
