"""The page of the road: whether events flow, how far behind workers are, and what became of records."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders import stat, timeseries

from services.alerts.operations.dashboards.kpi_panels import evaluated
from services.alerts.operations.dashboards.panels import (
    PLAIN,
    RED_FROM_ONE,
    Section,
    choice,
    course,
    figure,
    page,
    query,
)

_BEHIND = 60.0
"""Seconds, as the alert EarnestWorkerBehind has them."""


def pipeline_dashboard() -> builders.Dashboard:
    """The dashboard `earnest-operations`."""
    worker = choice("worker", "Worker", asked="label_values(earnest_worker_records_total, worker)", several=True)
    return page(
        "earnest-operations",
        "Earnest: pipeline operations",
        description="Does every event arrive, in time, and what happens to those that do not?",
        variables=[worker],
        since="now-6h",
        sections=[
            Section("", [(4, _now())]),
            Section("Events in", [(8, [_received(), _append()])]),
            Section("Workers", [(8, [_processed(), _batches()]), (8, [_lag_seconds(), _lag_records()])]),
            Section("What does not go through", [(8, [_set_aside(), _dead_letters()])]),
            Section("Alerting", [(8, [_notifications(), _handed_back()])]),
            Section("Processes", [(8, [_memory(), _processor()])]),
        ],
    )


def _now() -> list[stat.Panel]:
    return [
        figure(
            "Instances down",
            "Instances that Prometheus cannot scrape. Events wait in the log while one is down; nothing is lost.",
            unit="short",
            queries=[query('count(up{job=~"earnest-.+"} == 0) or vector(0)', "down")],
            colours=RED_FROM_ONE,
        ),
        figure(
            "Events received now",
            "Events accepted per second by all sources.",
            unit="reqps",
            queries=[query('sum(rate(earnest_ingest_events_total{outcome="accepted"}[$__rate_interval]))', "accepted")],
            colours=PLAIN,
        ),
        figure(
            "Longest wait",
            "Age of the oldest record that some worker has not processed.",
            unit="s",
            queries=[query("max(earnest_worker_lag_seconds)", "oldest")],
            colours=((None, "green"), (_BEHIND, "red")),
        ),
        figure(
            "Dead letters",
            "Records of all workers that wait for a person: `earnest dlq list`.",
            unit="short",
            queries=[query("sum(max by (worker) (earnest_dead_letters_open))", "open")],
            colours=RED_FROM_ONE,
        ),
        figure(
            "Alerts firing",
            "Alerts of Earnest that fire now, of the plan and of the road.",
            unit="short",
            queries=[
                query(
                    'count(ALERTS{alertstate="firing", alertname=~"Earnest.+", alertname!="EarnestWatchdog"}) '
                    "or vector(0)",
                    "firing",
                )
            ],
            colours=RED_FROM_ONE,
        ),
        evaluated(),
    ]


def _received() -> timeseries.Panel:
    return course(
        "Events received",
        "Events per second by source and what became of them. A source that sends nothing any more is a flat line.",
        unit="reqps",
        queries=[
            query(
                "sum by (source, outcome) (rate(earnest_ingest_events_total[$__rate_interval]))",
                "{{source}} {{outcome}}",
            )
        ],
    )


def _append() -> timeseries.Panel:
    return course(
        "Time until an event is durable",
        "How long ingest takes to write a batch to the log, before it answers.",
        unit="s",
        queries=[query(_quantile(share, "earnest_ingest_append_seconds", by=""), name) for share, name in _SHARES],
    )


def _processed() -> timeseries.Panel:
    return course(
        "Records processed",
        "Records per second that each worker has processed.",
        unit="reqps",
        queries=[
            query(
                "sum by (worker) "
                '(rate(earnest_worker_records_total{outcome="processed", worker=~"$worker"}[$__rate_interval]))',
                "{{worker}}",
            )
        ],
    )


def _batches() -> timeseries.Panel:
    return course(
        "Time of a batch",
        "From a batch in hand to its commit, by worker: how long one in a hundred takes.",
        unit="s",
        queries=[query(_quantile("0.99", "earnest_worker_batch_seconds", by="worker"), "{{worker}}")],
    )


def _lag_seconds() -> timeseries.Panel:
    return course(
        "Wait by worker",
        "Age of the oldest record that the worker has not processed. "
        "Rising by a second a second means that it stands still.",
        unit="s",
        queries=[
            query('max by (worker) (earnest_worker_lag_seconds{worker=~"$worker"})', "{{worker}}"),
            query(f"vector({_BEHIND:g})", "threshold"),
        ],
    )


def _lag_records() -> timeseries.Panel:
    return course(
        "Records waiting",
        "Records that a worker has not processed, by topic.",
        unit="short",
        queries=[
            query(
                'sum by (worker, topic) (earnest_worker_lag_records{worker=~"$worker"}) > 0',
                "{{worker}} {{topic}}",
            )
        ],
    )


def _set_aside() -> timeseries.Panel:
    return course(
        "Records not processed",
        "What became of the others: dead (cannot be processed), parked (behind a dead letter of the same key), "
        "repeated and ahead (sent twice by the relay, harmless), refused (another instance had done them, harmless).",
        unit="reqps",
        queries=[
            query(
                "sum by (worker, outcome) "
                '(rate(earnest_worker_records_total{outcome!="processed", worker=~"$worker"}[$__rate_interval])) > 0',
                "{{worker}} {{outcome}}",
            )
        ],
    )


def _dead_letters() -> timeseries.Panel:
    return course(
        "Dead letters open",
        "Records that wait for a person, by worker. They come down when they are replayed.",
        unit="short",
        queries=[query('max by (worker) (earnest_dead_letters_open{worker=~"$worker"})', "{{worker}}")],
    )


def _notifications() -> timeseries.Panel:
    return course(
        "Notifications",
        "What became of messages to people: sent, failed (tried again), given up.",
        unit="short",
        queries=[
            query(
                "sum by (channel, outcome) (increase(earnest_notifications_total[$__rate_interval]))",
                "{{channel}} {{outcome}}",
            )
        ],
    )


def _handed_back() -> timeseries.Panel:
    return course(
        "Alerts handed back by Alertmanager",
        "Alerts about the road that were taken into the life cycle; of KPIs, which came from here; and left out.",
        unit="short",
        queries=[
            query(
                "sum by (outcome) (increase(earnest_alertmanager_alerts_total[$__rate_interval]))",
                "{{outcome}}",
            )
        ],
    )


def _memory() -> timeseries.Panel:
    return course(
        "Memory",
        "Resident memory of each instance.",
        unit="bytes",
        queries=[query('process_resident_memory_bytes{job=~"earnest-.+"}', "{{job}} {{instance}}")],
    )


def _processor() -> timeseries.Panel:
    return course(
        "Processor",
        "Processor cores that each instance uses. Python works on one: near 1 it is time for another instance.",
        unit="short",
        queries=[query('rate(process_cpu_seconds_total{job=~"earnest-.+"}[$__rate_interval])', "{{job}} {{instance}}")],
    )


_SHARES = (("0.5", "median"), ("0.99", "one in a hundred"))


def _quantile(share: str, histogram: str, *, by: str) -> str:
    labels, only = (f"le, {by}", f'{{{by}=~"${by}"}}') if by else ("le", "")
    return f"histogram_quantile({share}, sum by ({labels}) (rate({histogram}_bucket{only}[$__rate_interval])))"
