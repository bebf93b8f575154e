"""More ways to break the constraints on what users write: the second half of a rule, the far end of a pattern."""

from tests.crd.documents import Refusal, container, daemon, env_from, task, template

ALSO_REFUSED = (
    (
        "rule: metadata.name must be a DNS label of at most 52 characters",
        Refusal(task(name="a.b"), "metadata.name must be a DNS label", "<nil>"),
    ),
    *(
        ("spec rule: set exactly one of schedule, at and daemon", Refusal(document, "set exactly one of schedule, at"))
        for document in (
            task(schedule="* * * * *", at="2099-01-01T00:00:00Z"),
            task(schedule="* * * * *", daemon={}),
            task(at="2099-01-01T00:00:00Z", daemon={}),
            task(schedule="* * * * *", at="2099-01-01T00:00:00Z", daemon={}),
        )
    ),
    *(
        ("spec rule: has no place beside daemon", Refusal(document, "has no place beside daemon", f"spec.{field}"))
        for field, document in (
            ("daylightSaving", daemon(daylightSaving={"fold": "Twice"})),
            ("concurrencyPolicy", daemon(concurrencyPolicy="Queue")),
            ("concurrencyPolicy", daemon(concurrencyPolicy="Replace", runOn="EveryNode")),
            ("catchUp", daemon(catchUp="All")),
        )
    ),
    (
        "spec.maxInstances maximum",
        Refusal(daemon(maxInstances=1001), "less than or equal to 1000"),
    ),
    (
        "spec rule: goes with at",
        Refusal(daemon(ttlSecondsAfterFinished=60), "goes with at", "spec.ttlSecondsAfterFinished"),
    ),
    (
        "spec rule: is not less than timeoutSeconds",
        Refusal(
            task(timeoutSeconds=30, pendingTimeoutSeconds=2147483647),
            "is not less than timeoutSeconds",
            "spec.pendingTimeoutSeconds",
        ),
    ),
    (
        "spec rule: EveryNode goes with concurrencyPolicy Forbid or Allow",
        Refusal(task(runOn="EveryNode", concurrencyPolicy="Replace"), "EveryNode goes with", "spec.runOn"),
    ),
    *(
        ("spec.nodeNames[] pattern", Refusal(task(nodeNames=[name]), "should match"))
        for name in ("", "-a", "a-", "a..b", "a_b", "a b", ".")
    ),
    *(
        ("spec.nodeAddresses[] rule", Refusal(task(nodeAddresses=[address]), "is not an IP address"))
        for address in ("", "10.0.0.256", "10.0.0.0/8", "10.0.0.1:80", "fe80::1%eth0", "010.0.0.1", "fd00::1::2")
    ),
    (
        "spec rule: has no place beside at, which no clock change moves",
        Refusal(
            task(at="2099-01-01T00:00:00Z", daylightSaving={"fold": "Twice"}),
            "which no clock change moves",
            "spec.daylightSaving",
        ),
    ),
    (
        "spec.additionalSchedules[] rule: hour is not in 0–23",
        Refusal(
            task(additionalSchedules=["@daily", "0 24 * * *"]), "hour: 24 is not in 0–23", "spec.additionalSchedules[1]"
        ),
    ),
    (
        "spec rule: set exactly one of container and jobTemplate",
        Refusal(
            {**(both := template()), "spec": {**both["spec"], "container": {"image": "busybox:1.36"}}},
            "set exactly one of container and jobTemplate",
        ),
    ),
    *(
        (f"spec rule: {constraint}", Refusal(document, constraint, f"spec.{field}"))
        for constraint, field, document in (
            ("goes with concurrencyPolicy Queue", "queueLimit", task(concurrencyPolicy="Replace", queueLimit=1)),
            ("All goes with concurrencyPolicy Queue", "catchUp", task(concurrencyPolicy="Allow", catchUp="All")),
            ("All goes with concurrencyPolicy Queue", "catchUp", task(catchUp="All", catchUpLimit=50)),
            ("goes with catchUp All", "catchUpLimit", task(catchUpLimit=50)),
            (
                "goes with catchUp All",
                "catchUpLimit",
                task(concurrencyPolicy="Queue", catchUp="None", catchUpLimit=11),
            ),
            (
                "is more than queueLimit, which is 10 when unset",
                "catchUpLimit",
                task(concurrencyPolicy="Queue", catchUp="All", catchUpLimit=11),
            ),
        )
    ),
    (
        "spec.container.envFrom[] rule: set exactly one of configMapRef and secretRef",
        Refusal(env_from(configMapRef={"name": "c"}, secretRef={"name": "s"}), "set exactly one of"),
    ),
    (
        "spec.jobTemplate.metadata.labels rule",
        Refusal(template(metadata={"labels": {"app.kubernetes.io/managed-by": "us"}}), "are the operator's own"),
    ),
    (
        "spec.jobTemplate.metadata.annotations rule",
        Refusal(
            template(metadata={"annotations": {"batch.kubernetes.io/cronjob-scheduled-timestamp": "now"}}),
            "are the operator's own",
        ),
    ),
    *(
        (
            f"spec.container.resources.{kind}{{}} rule",
            Refusal(container(resources={kind: {"cpu": amount}}), words, field),
        )
        for kind in ("requests", "limits")
        for amount, words, field in (
            ("much", "is not a quantity", f"spec.container.resources.{kind}[cpu]"),
            (-1, "is not a quantity", f"spec.container.resources.{kind}[cpu]"),
        )
    ),
    ("spec.nodeSelector rule", Refusal(task(nodeSelector={"k" * 64: "v"}), "a key is not the name of a label")),
    *(
        ("spec.schedule rule", Refusal(task(schedule=text), words))
        for text, words in (
            ("@", "is none of the known names"),
            ("@hourly 5", "is none of the known names"),
            (" @dayly", "is none of the known names"),
            ("\n@daily", "is none of the known names"),
            *(
                (text, "@every takes one duration")
                for text in (
                    *("@every", "@every 90", "@every 90 s", "@every 90S", "@every 5ms", "@every -5s", "@every 30m1h"),
                    *("@every 0s", "@every 8784h1s", "@every 99999999999999999999h", "@every 9999999m"),
                    *("@every 90s/", "@every /5s", "@every 90s/90s", "@every 90s/2m", "@every 1m/99999999999999h"),
                    *("@every 90s/5s/5s", "@every 1h 5m", "@every\n5m"),
                )
            ),
            ("", "must have 5 fields"),
            ("* * * *", "must have 5 fields"),
            ("٣ * * * *", "may hold only letters"),
            ("* * * * *\n", "may hold only letters"),
            ("0 0 0 January * *", "months are JAN to DEC"),
            ("5- * * * *", "something is missing"),
            (", * * * *", "something is missing"),
            ("H/0 * * * *", "the number after / is at least 1"),
            ("60 * * * *", "minute: 60 is not in 0–59"),
            ("0 0 99999999999999999999 * * *", "hour: 99999999999999999999 is not in 0–23"),
            ("0 H(0-30) * * *", "hour: H(0-30) is not in 0–23"),
            ("0 8-24/2 * * *", "hour: 8-24/2 is not in 0–23"),
            ("0 0 0 * *", "day of month: 0 is not in 1–31"),
            ("0 0 1 1,13 *", "month: 1,13 is not in 1–12"),
            ("0 0 0 * * 8L", "day of week: 8L is not in 0–7"),
            ("0 0 * * 1-010", "day of week: 1-010 is not in 0–7"),
            ("*/90 * * * * *", "second: */90 is not in 0–59 (steps 1–60)"),
            ("0/61 * * * *", "minute: 0/61 is not in 0–59 (steps 1–60)"),
            ("0 H/25 * * *", "hour: H/25 is not in 0–23 (steps 1–24)"),
            ("0 0 */32 * *", "day of month: */32 is not in 1–31"),
            ("0 0 1 */13 *", "month: */13 is not in 1–12"),
            ("0 0 * * */8", "day of week: */8 is not in 0–7 (steps 1–7"),
            ("0 0 * * 5#6", "after # 1–5"),
            ("0 0 * * SUN#0", "after # 1–5"),
            ("0 0 24 1 1 * 2027", "hour: 24 is not in 0–23"),
            ("60 0 0 1 1 * 2027", "second: 60 is not in 0–59"),
            ("0 0 0 1 1 8 2027", "day of week: 8 is not in 0–7"),
            ("0 0 0 1 1 * 1969-1980", "year: 1969-1980 is not in 1970–2099"),
            ("0 0 0 1 1 * 27", "year: 27 is not in 1970–2099"),
            ("0 0 0 1 1 * */131", "year: */131 is not in 1970–2099 (steps 1–130)"),
            ("TZ=UTC 0 0 * * *", "the zone stands in timeZone"),
        )
    ),
)
