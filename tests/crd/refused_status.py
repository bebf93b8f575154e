"""For each constraint on the status, a document that breaks it and nothing else."""

from tests.crd.documents import Refusal, condition, status, without

NO_TIME = "must be of type date-time"
INSTANCE = {"slot": 0, "attempt": 1, "state": "Running"}

CONDITIONS = {
    "status.conditions maxItems": Refusal(
        status(conditions=[condition(type=f"Type{i}") for i in range(33)]), "must have at most 32 items"
    ),
    "status.conditions unique": Refusal(
        status(conditions=[condition(), condition()]), "Duplicate value", "status.conditions[1]"
    ),
    **{
        f"status.conditions[] required: {name}": Refusal(
            status(conditions=[without(condition(), name)]), "Required value", f"status.conditions[0].{name}"
        )
        for name in ("type", "status", "reason", "message", "lastTransitionTime")
    },
    **{
        f"status.conditions[].{name} {constraint}": Refusal(status(conditions=[condition(**{name: value})]), words)
        for name, constraint, value, words in (
            ("type", "maxLength", "T" * 317, "may not be more than 316"),
            ("status", "enum", "Maybe", 'supported values: "True", "False", "Unknown"'),
            ("reason", "maxLength", "R" * 1025, "may not be more than 1024"),
            ("message", "maxLength", "m" * 32769, "may not be more than 32768"),
            ("lastTransitionTime", "format", "yesterday", NO_TIME),
            ("observedGeneration", "minimum", -1, "greater than or equal to 0"),
        )
    },
}

TEXTS = {
    "status.scheduleSummary maxLength": Refusal(status(scheduleSummary="s" * 1025), "may not be more than 1024"),
    "status.scheduleHash maxLength": Refusal(status(scheduleHash="h" * 129), "may not be more than 128"),
    "status.nextScheduleTime maxLength": Refusal(status(nextScheduleTime="n" * 65), "may not be more than 64"),
    "status.lastRun.result enum": Refusal(
        status(lastRun={"result": "Unclear"}), 'supported values: "Succeeded", "Failed"'
    ),
    "status.templateHash maxLength": Refusal(status(templateHash="h" * 129), "may not be more than 128"),
    "status.lastRunNow maxLength": Refusal(status(lastRunNow="n" * 257), "may not be more than 256"),
    "status.daemon.state maxLength": Refusal(status(daemon={"state": "S" * 129}), "may not be more than 128"),
    **{
        f"status.{group}.{name} maxLength": Refusal(
            status(**{group: {name: "x" * (most + 1)}}), f"may not be more than {most}"
        )
        for group in ("lastRun", "lastFailure")
        for name, most in (("name", 253), ("reason", 1024), ("message", 32768))
    },
}

LISTS = {
    "status.queuedTimes maxItems": Refusal(
        status(queuedTimes=["2027-01-01T00:00:00Z"] * 2001), "must have at most 2000 items"
    ),
    "status.queuedTimes[] format": Refusal(status(queuedTimes=["yesterday"]), NO_TIME),
    "status.countedRuns maxItems": Refusal(status(countedRuns=["1"] * 10001), "must have at most 10000 items"),
    "status.countedRuns[] maxLength": Refusal(status(countedRuns=["1" * 64]), "may not be more than 63"),
    "status.recentRuns maxItems": Refusal(status(recentRuns=[{}] * 101), "must have at most 100 items"),
    **{
        f"status.recentRuns[].{name} {constraint}": Refusal(status(recentRuns=[{name: value}]), words)
        for name, constraint, value, words in (
            ("result", "enum", "Unclear", 'supported values: "Succeeded", "Failed"'),
            ("name", "maxLength", "n" * 254, "may not be more than 253"),
            ("reason", "maxLength", "R" * 1025, "may not be more than 1024"),
            ("message", "maxLength", "m" * 32769, "may not be more than 32768"),
            ("scheduleTime", "format", "yesterday", NO_TIME),
            ("startTime", "format", "yesterday", NO_TIME),
            ("completionTime", "format", "yesterday", NO_TIME),
        )
    },
    "status.daemon.instances maxItems": Refusal(
        status(daemon={"instances": [INSTANCE] * 2001}), "must have at most 2000 items"
    ),
    **{
        f"status.daemon.instances[] required: {name}": Refusal(
            status(daemon={"instances": [without(INSTANCE, name)]}),
            "Required value",
            f"status.daemon.instances[0].{name}",
        )
        for name in INSTANCE
    },
    **{
        f"status.daemon.instances[].{name} {constraint}": Refusal(
            status(daemon={"instances": [INSTANCE | {name: value}]}), words
        )
        for name, constraint, value, words in (
            ("slot", "minimum", -1, "greater than or equal to 0"),
            ("attempt", "minimum", -1, "greater than or equal to 0"),
            ("failedStarts", "minimum", -1, "greater than or equal to 0"),
            ("node", "maxLength", "n" * 254, "may not be more than 253"),
            ("state", "maxLength", "S" * 129, "may not be more than 128"),
            ("endTime", "format", "yesterday", NO_TIME),
        )
    },
    "status.notLaunched maxItems": Refusal(
        status(notLaunched=[{"reason": f"Reason{i}"} for i in range(65)]), "must have at most 64 items"
    ),
    "status.notLaunched unique": Refusal(
        status(notLaunched=[{"reason": "Downtime"}] * 2), "Duplicate value", "status.notLaunched[1]"
    ),
    "status.notLaunched[] required: reason": Refusal(
        status(notLaunched=[{"count": 1}]), "Required value", "status.notLaunched[0].reason"
    ),
    "status.notLaunched[].reason maxLength": Refusal(
        status(notLaunched=[{"reason": "R" * 129}]), "may not be more than 128"
    ),
    "status.notLaunched[].message maxLength": Refusal(
        status(notLaunched=[{"reason": "Rejected", "message": "m" * 32769}]), "may not be more than 32768"
    ),
    "status.notLaunched[].count minimum": Refusal(
        status(notLaunched=[{"reason": "Downtime", "count": -1}]), "greater than or equal to 0"
    ),
    "status.notLaunched[].lastTime format": Refusal(
        status(notLaunched=[{"reason": "Downtime", "lastTime": "yesterday"}]), NO_TIME
    ),
}

NUMBERS = {
    **{
        f"status.{name} minimum": Refusal(status(**{name: -1}), "greater than or equal to 0")
        for name in ("observedGeneration", "active", "consecutiveFailures")
    },
    **{
        f"status.{group}.{name} minimum": Refusal(status(**{group: {name: -1}}), "greater than or equal to 0")
        for group, names in {
            "counts": ("due", "launched", "skipped", "missed", "manual", "succeeded", "failed", "stopped"),
            "lastOutage": ("missed", "started"),
        }.items()
        for name in names
    },
}

TIMES = {
    **{
        f"status.{name} format": Refusal(status(**{name: "yesterday"}), NO_TIME)
        for name in ("accountedTime", "lastScheduleTime", "lastSuccessfulTime")
    },
    **{
        f"status.{group}.{name} format": Refusal(status(**{group: {name: "yesterday"}}), NO_TIME)
        for group, names in {
            "counts": ("since",),
            "lastRun": ("scheduleTime", "startTime", "completionTime"),
            "lastFailure": ("scheduleTime", "startTime", "completionTime"),
            "lastOutage": ("startTime", "endTime"),
        }.items()
        for name in names
    },
}

REFUSED = {**CONDITIONS, **TEXTS, **LISTS, **NUMBERS, **TIMES}
