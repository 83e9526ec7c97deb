"""The catalogue of KPIs, declared as data: what each is a figure of, how it is watched, and the words for people."""

from services.alerts.kpis.catalogue import Catalogue, WatchedKpi, built_in, drafted, load, with_file
from services.alerts.kpis.columns import PERSONAL
from services.alerts.kpis.model import Kpi, KpiFile

__all__ = ["PERSONAL", "Catalogue", "Kpi", "KpiFile", "WatchedKpi", "built_in", "drafted", "load", "with_file"]
