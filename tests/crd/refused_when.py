"""For each constraint on when a task fires, a document that breaks it and nothing else."""

from tests.crd.documents import Refusal, daemon, task, without

TIME = "2099-01-01T00:00:00Z"
POD = {"spec": {"restartPolicy": "Never", "containers": []}}

SCHEDULE = {
    f"{place} {constraint}": Refusal(document, words)
    for constraint, text, words in (
        ("maxLength", "0" + ",0" * 128 + " * * * *", "may not be more than 256"),
        ("rule: begins with @ and is none of the known names", "@reboot", "@minutely and @every"),
        ("rule: @every takes one duration", "@every 1.5h", "in whole h, m and s"),
        ("rule: must have 5 fields", "* * * * * * * *", "must have 5 fields (minute hour"),
        ("rule: may hold only letters, digits, spaces and * ? , - / #", "0 0 1 1 *;", "may hold only letters"),
        ("rule: holds a word that means nothing", "0 0 * * friday", "days of the week SUN to SAT"),
        ("rule: has an empty place", "0,,5 * * * *", "something is missing before or after"),
        ("rule: has a step of 0", "*/0 * * * *", "the number after / is at least 1"),
        ("rule: second is not in 0–59", "10,60 * * * * *", "second: 10,60 is not in 0–59"),
        ("rule: minute is not in 0–59", "0 50-60 * * * *", "minute: 50-60 is not in 0–59"),
        ("rule: hour is not in 0–23", "0 24 * * *", "hour: 24 is not in 0–23"),
        ("rule: day of month is not in 1–31", "0 0 0 32W * *", "day of month: 32W is not in 1–31"),
        ("rule: month is not in 1–12", "0 0 1 0/3 *", "month: 0/3 is not in 1–12"),
        ("rule: day of week is not in 0–7", "0 0 * * 8#1", "day of week: 8#1 is not in 0–7"),
        ("rule: year is not in 1970–2099", "0 0 0 1 1 * 2100", "year: 2100 is not in 1970–2099"),
    )
    for place, document in (
        ("spec.schedule", task(schedule=text)),
        ("spec.additionalSchedules[]", task(additionalSchedules=[text])),
    )
}

WITH_TIME_TO_LIVE = task(at=TIME, jobTemplate={"spec": {"template": POD, "ttlSecondsAfterFinished": 60}})
AT = {
    f"spec rule: {constraint}": Refusal(document, constraint, f"spec.{field}")
    for constraint, document, field in (
        (
            "has no place beside at, which names the only moment",
            task(at=TIME, additionalSchedules=["@daily"]),
            "additionalSchedules",
        ),
        ("has no place beside at, which has no day fields", task(at=TIME, dayMatch="And"), "dayMatch"),
        (
            "has no place beside at, which no clock change moves",
            task(at=TIME, daylightSaving={"gap": "Skip"}),
            "daylightSaving",
        ),
        (
            "has no place beside at, whose Job stays as long as the task",
            WITH_TIME_TO_LIVE,
            "jobTemplate.spec.ttlSecondsAfterFinished",
        ),
        (
            "has no place beside at, which runs once",
            task(at=TIME, circuitBreaker={"failureThreshold": 1, "probeAfterSeconds": 1}),
            "circuitBreaker",
        ),
        (
            "goes with at, as only a task that runs once can remove itself",
            task(ttlSecondsAfterFinished=60),
            "ttlSecondsAfterFinished",
        ),
    )
}

DAEMON = {
    **{
        f"spec rule: has no place beside daemon, {reason}": Refusal(
            daemon(**{field: value}), "has no place beside daemon", f"spec.{field}"
        )
        for field, value, reason in (
            ("additionalSchedules", ["@daily"], "which follows no schedule"),
            ("dayMatch", "And", "which has no day fields"),
            ("daylightSaving", {"gap": "Skip"}, "which no clock change moves"),
            ("timeZone", "Europe/Berlin", "which reads no clock"),
            ("notBefore", TIME, "which starts at once"),
            ("notAfter", TIME, "which has no last moment"),
            ("jitterSeconds", 0, "which has no fire times to delay"),
            ("concurrencyPolicy", "Allow", "of which maxInstances run, no more and no fewer"),
            ("queueLimit", 1, "which lets nothing wait"),
            ("startingDeadlineSeconds", 1, "which is never late"),
            ("catchUp", "None", "which misses nothing"),
            ("catchUpLimit", 1, "which makes up for nothing"),
            (
                "circuitBreaker",
                {"failureThreshold": 1, "probeAfterSeconds": 1},
                "whose startRetries say when to give up",
            ),
            ("backoffLimit", 0, "which starts a new run after each end"),
        )
    },
    "spec rule: has no place beside daemon, whose Jobs tell how often it was started": Refusal(
        daemon(jobTemplate={"spec": {"template": POD, "ttlSecondsAfterFinished": 60}}),
        "has no place beside daemon",
        "spec.jobTemplate.spec.ttlSecondsAfterFinished",
    ),
    "spec rule: is more than 100, the most instances of a daemon": Refusal(
        daemon(maxInstances=101), "is more than 100", "spec.maxInstances"
    ),
    "spec.daemon.restartPolicy enum": Refusal(
        task(daemon={"restartPolicy": "Never"}), 'supported values: "Always", "OnFailure"'
    ),
    **{
        f"spec.daemon.{name} {constraint}": Refusal(task(daemon={name: value}), words)
        for name, most in (("restartDelaySeconds", 3600), ("minReadySeconds", 3600), ("startRetries", 1000))
        for constraint, value, words in (
            ("minimum", -1, "greater than or equal to 0"),
            ("maximum", most + 1, f"less than or equal to {most}"),
        )
    },
}

TIMES = {
    f"spec.{field} {constraint}": Refusal(task(**{field: value}), words)
    for field in ("at", "notBefore", "notAfter")
    for constraint, value, words in (
        ("format", "2027-02-30T00:00:00Z", "must be of type date-time"),
        ("maxLength", f"2027-01-01T00:00:00.{'1' * 44}Z", "may not be more than 64"),
    )
}

OTHERS = {
    "spec rule: set exactly one of schedule, at and daemon": Refusal(
        without(task(), "spec", "schedule"), "set exactly one of schedule, at and daemon"
    ),
    "spec rule: is before notBefore": Refusal(
        task(notBefore="2027-01-01T00:00:00Z", notAfter="2027-01-01T00:59:59+01:00"),
        "nothing would ever run",
        "spec.notAfter",
    ),
    "spec.additionalSchedules maxItems": Refusal(task(additionalSchedules=["@daily"] * 8), "must have at most 7 items"),
    "spec.timeZone minLength": Refusal(task(timeZone=""), "at least 1 chars long"),
    "spec.timeZone maxLength": Refusal(task(timeZone="Z" * 65), "may not be more than 64"),
    "spec.daylightSaving.gap enum": Refusal(
        task(daylightSaving={"gap": "Never"}), 'supported values: "RunAfter", "Skip"'
    ),
    "spec.daylightSaving.fold enum": Refusal(
        task(daylightSaving={"fold": "Often"}), 'supported values: "Once", "Twice"'
    ),
    "spec.dayMatch enum": Refusal(task(dayMatch="Xor"), 'supported values: "Or", "And"'),
    "spec.jitterSeconds minimum": Refusal(task(jitterSeconds=-1), "greater than or equal to 0"),
    "spec.jitterSeconds maximum": Refusal(task(jitterSeconds=86401), "less than or equal to 86400"),
}

REFUSED = {**SCHEDULE, **AT, **DAEMON, **TIMES, **OTHERS}
