"""Business days, holidays and fiscal calendars: the one definition that pay calendars, KPIs and plans stand on."""

from shared.calendars.business_days import BusinessDays, business_days
from shared.calendars.company import CompanyCalendar, Span
from shared.calendars.fiscal import FiscalCalendar, FiscalMonths, FiscalPeriods, FiscalWeeks, fiscal_periods

__all__ = [
    "BusinessDays",
    "CompanyCalendar",
    "FiscalCalendar",
    "FiscalMonths",
    "FiscalPeriods",
    "FiscalWeeks",
    "Span",
    "business_days",
    "fiscal_periods",
]
