"""The schedule language: texts in, fire times out. Wall-clock time and croniter live here and nowhere else."""

from torchtask.core.schedule.build import parse
from torchtask.core.schedule.fire_times import NEVER, Schedule
from torchtask.core.schedule.jitter import jitter
from torchtask.core.schedule.options import DayMatch, Fold, Gap, When

__all__ = ["NEVER", "DayMatch", "Fold", "Gap", "Schedule", "When", "jitter", "parse"]
