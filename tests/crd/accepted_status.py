"""Valid statuses: the smallest and the largest."""

from tests.crd.documents import condition, status

TIME = "2027-01-01T00:00:00.123456Z"

LONG_RUN = {
    "name": "n" * 253,
    "scheduleTime": TIME,
    "startTime": TIME,
    "completionTime": TIME,
    "result": "Failed",
    "reason": "R" * 1024,
    "exitCode": 2**31 - 1,
    "message": "m" * 32768,
}

STATUSES = {
    "smallest": status(
        observedGeneration=0,
        active=0,
        consecutiveFailures=0,
        conditions=[condition(observedGeneration=0)],
        counts=dict.fromkeys(("due", "launched", "skipped", "missed", "manual", "succeeded", "failed", "stopped"), 0),
        notLaunched=[{"reason": "MaxInstances", "count": 0, "lastTime": TIME}],
        lastRun={"result": "Succeeded"},
        recentRuns=[{"result": "Succeeded"}],
        daemon={"instances": [{"slot": 0, "attempt": 0, "state": "", "failedStarts": 0}]},
        lastOutage={"startTime": TIME, "endTime": TIME, "missed": 0, "started": 0},
        latenessMilliseconds={"p50": 0, "p99": 0, "max": 0},
    ),
    "largest": status(
        conditions=[
            condition(type="T" * 316, status="False", reason="R" * 1024, message="m" * 32768),
            condition(type="Late", status="Unknown"),
            condition(type="Complete", reason="WindowClosed"),
            condition(type="Failed", reason="InThePast"),
            *(condition(type=f"Type{number}") for number in range(28)),
        ],
        scheduleSummary="s" * 1024,
        scheduleHash="h" * 128,
        nextScheduleTime="n" * 64,
        accountedTime=TIME,
        lastScheduleTime=TIME,
        lastSuccessfulTime=TIME,
        queuedTimes=[TIME] * 2000,
        counts={"since": TIME, "due": 2**53},
        countedRuns=["1" * 63] * 10000,
        notLaunched=[
            {"reason": "R" * 128, "message": "m" * 32768},
            *({"reason": f"Reason{number}"} for number in range(63)),
        ],
        templateHash="h" * 128,
        lastRunNow="n" * 256,
        lastRun=LONG_RUN,
        recentRuns=[LONG_RUN, *[{}] * 99],
        daemon={
            "state": "S" * 128,
            "instances": [
                {
                    "slot": 99,
                    "node": "n" * 253,
                    "attempt": 2**53,
                    "state": "S" * 128,
                    "failedStarts": 1000,
                    "endTime": TIME,
                },
                *[{"slot": 0, "attempt": 1, "state": "Running"}] * 1999,
            ],
        },
        lastFailure={
            "name": "n" * 253,
            "scheduleTime": TIME,
            "startTime": TIME,
            "completionTime": TIME,
            "reason": "R" * 1024,
            "exitCode": -(2**31),
            "message": "m" * 32768,
        },
    ),
}
