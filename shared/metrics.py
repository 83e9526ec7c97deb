"""The catalogue: every metric of Earnest, with what it means. Labels are few and bounded; never a participant or a
deal.
"""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

INGEST_EVENTS: Final = Counter(
    "earnest_ingest_events_total",
    "Events received, by who sent them (API key or webhook source) and outcome: accepted, rejected, ignored.",
    ["source", "outcome"],
)
INGEST_SOURCES: Final = Gauge(
    "earnest_ingest_sources", "Source files by what became of them: used, or stopped by a mistake in them.", ["state"]
)
AUDIT_UNRECORDED: Final = Counter(
    "earnest_access_audit_unrecorded", "Requests that could not be recorded in the audit log when they were answered."
)
SIGN_INS: Final = Counter(
    "earnest_access_sign_ins_total",
    "Sign-ins by method (password, passkey, oidc) and outcome: admitted or refused.",
    ["method", "outcome"],
)
INGEST_SECONDS: Final = Histogram(
    "earnest_ingest_append_seconds",
    "Time until a batch of events was durable in the log.",
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)

WORKER_RECORDS: Final = Counter(
    "earnest_worker_records_total",
    "Records by what became of them: processed, dead, parked, repeated, ahead, others or refused.",
    ["worker", "outcome"],
)
WORKER_BATCH_SECONDS: Final = Histogram(
    "earnest_worker_batch_seconds",
    "Time from a batch in hand to its commit.",
    ["worker"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
WORKER_LAG_RECORDS: Final = Gauge(
    "earnest_worker_lag_records", "Records not yet processed on the partitions of this process.", ["worker", "topic"]
)
WORKER_LAG_SECONDS: Final = Gauge(
    "earnest_worker_lag_seconds", "Age of the oldest record not yet processed.", ["worker"]
)
SCORING_SKIPPED: Final = Counter(
    "earnest_scoring_skipped_total",
    "Shares of deals that credit nobody, and components of a month that pay nothing, by reason; counted when a deal or "
    "a month changes.",
    ["reason"],
)
DEAD_LETTERS_OPEN: Final = Gauge("earnest_dead_letters_open", "Dead letters not yet replayed.", ["worker"])

PLANS_QUARANTINED: Final = Gauge(
    "earnest_plans_quarantined", "Plan versions with which nothing is calculated until somebody lifts it."
)

PAYROLL_MISMATCHES: Final = Counter(
    "earnest_payroll_acknowledgement_mismatches_total",
    "Acknowledgements refused because payroll had received something else than was released.",
)
PAYROLL_OVERDUE: Final = Gauge(
    "earnest_payroll_batches_overdue",
    "Released payroll batches past their cut-off that were not fetched, or not acknowledged.",
    ["missing"],
)

SUBJECT: Final = ("kpi", "currency", "dimension", "segment")
"""Of which figures it is: a KPI, in a currency, of the whole company or of one of its few largest segments."""
KPI_VALUE: Final = Gauge("earnest_kpi_value", "The KPI as evaluated last, in its own unit.", SUBJECT)
KPI_OBSERVATIONS: Final = Gauge("earnest_kpi_observations", "How many observations the value rests on.", SUBJECT)
KPI_THRESHOLD: Final = Gauge("earnest_kpi_threshold", "Where the KPI is in breach, by side.", ["kpi", "side"])
KPI_BREACH: Final = Gauge("earnest_kpi_breach", "1 while the KPI's alert is open, otherwise 0.", SUBJECT)
KPI_EXPECTED: Final = Gauge("earnest_kpi_expected", "What the KPI's past makes expect of it.", SUBJECT)
KPI_EXPECTED_LOW: Final = Gauge("earnest_kpi_expected_low", "Where the band of what is usual ends below.", SUBJECT)
KPI_EXPECTED_HIGH: Final = Gauge("earnest_kpi_expected_high", "Where the band of what is usual ends above.", SUBJECT)
KPI_DRIFT_SCORE: Final = Gauge(
    "earnest_kpi_drift_score",
    "The detector's statistic over its limit: from 1 on the KPI drifts, up or down.",
    [*SUBJECT, "direction"],
)
KPI_STATE: Final = Gauge(
    "earnest_kpi_state", "What the detector says: 0 learning, 1 steady, 2 suspect, 3 drifting, 4 recovered.", SUBJECT
)
KPI_ONSET: Final = Gauge(
    "earnest_kpi_onset_timestamp_seconds",
    "The business date since when the KPI is in breach, or drifts; only while its alert is open.",
    [*SUBJECT, "detector"],
)
KPI_AS_OF: Final = Gauge("earnest_kpi_as_of_timestamp_seconds", "The business date that the KPIs are evaluated for.")
KPI_EVALUATED: Final = Gauge("earnest_kpi_last_evaluated_timestamp_seconds", "When the KPIs were evaluated last.")

ALERTMANAGER_ALERTS: Final = Counter(
    "earnest_alertmanager_alerts_total",
    "Alerts that Alertmanager told of, by outcome: taken into the life cycle, known (of a KPI), truncated (left out by "
    "its configuration).",
    ["outcome"],
)
NOTIFICATIONS: Final = Counter(
    "earnest_notifications_total",
    "Tries to tell people of alerts, by channel and outcome: sent, failed (tried again), given_up.",
    ["channel", "outcome"],
)

DELIVERIES_WAITING: Final = Gauge(
    "earnest_deliveries_waiting", "Released batches that are not yet where payroll picks them up.", ["destination"]
)
DELIVERY_WAITING_SECONDS: Final = Gauge(
    "earnest_delivery_waiting_seconds",
    "For how long the oldest batch that is not yet delivered waits.",
    ["destination"],
)
DELIVERY_ATTEMPTS: Final = Counter(
    "earnest_delivery_attempts_total",
    "Attempts to deliver a batch, by outcome: delivered, failed (tried again), refused (somebody has to change "
    "something).",
    ["destination", "outcome"],
)

HTTP_REFUSED: Final = Counter(
    "earnest_http_refused_total",
    "Connections and requests that were refused to keep room for others, by reason: head-late, head-large, body-late, "
    "answer-not-read, too-many-connections, too-many-bytes, too-many-waiting, waited-in-vain.",
    ["reason"],
)
