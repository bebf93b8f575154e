"""For each constraint on how many runs, how long and on which nodes, a document that breaks it and nothing else."""

from typing import Any

from tests.crd.documents import Refusal, many, task

NO_LABEL_VALUE = r"should match '^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$'"
TIME = "2099-01-01T00:00:00Z"

REFUSED = {
    "spec.concurrencyPolicy enum": Refusal(
        task(concurrencyPolicy="Wait"), 'supported values: "Forbid", "Allow", "Queue", "Replace"'
    ),
    "spec.maxInstances minimum": Refusal(task(maxInstances=0), "greater than or equal to 1"),
    "spec.maxInstances maximum": Refusal(task(maxInstances=1001), "less than or equal to 1000"),
    "spec.queueLimit minimum": Refusal(task(concurrencyPolicy="Queue", queueLimit=0), "greater than or equal to 1"),
    "spec.queueLimit maximum": Refusal(task(concurrencyPolicy="Queue", queueLimit=101), "less than or equal to 100"),
    "spec.startingDeadlineSeconds minimum": Refusal(task(startingDeadlineSeconds=0), "greater than or equal to 1"),
    "spec.startingDeadlineSeconds maximum": Refusal(
        task(startingDeadlineSeconds=31536001), "less than or equal to 31536000"
    ),
    "spec.catchUp enum": Refusal(task(catchUp="Some"), 'supported values: "None", "Latest", "All"'),
    "spec.catchUpLimit minimum": Refusal(
        task(concurrencyPolicy="Queue", catchUp="All", catchUpLimit=0), "greater than or equal to 1"
    ),
    "spec.catchUpLimit maximum": Refusal(
        task(concurrencyPolicy="Queue", catchUp="All", catchUpLimit=101), "less than or equal to 100"
    ),
    "spec.timeoutSeconds minimum": Refusal(task(timeoutSeconds=0), "greater than or equal to 1"),
    "spec.timeoutSeconds maximum": Refusal(task(timeoutSeconds=31536001), "less than or equal to 31536000"),
    "spec.pendingTimeoutSeconds minimum": Refusal(task(pendingTimeoutSeconds=0), "greater than or equal to 1"),
    "spec.pendingTimeoutSeconds maximum": Refusal(
        task(pendingTimeoutSeconds=2**31), "less than or equal to 2147483647"
    ),
    "spec.ttlSecondsAfterFinished minimum": Refusal(
        task(at=TIME, ttlSecondsAfterFinished=-1), "greater than or equal to 0"
    ),
    "spec.ttlSecondsAfterFinished maximum": Refusal(
        task(at=TIME, ttlSecondsAfterFinished=2**31), "less than or equal to 2147483647"
    ),
    "spec.priority minimum": Refusal(task(priority=-1001), "greater than or equal to -1000"),
    "spec.priority maximum": Refusal(task(priority=1001), "less than or equal to 1000"),
    "spec.circuitBreaker required: failureThreshold": Refusal(
        task(circuitBreaker={"probeAfterSeconds": 1}), "Required value", "spec.circuitBreaker.failureThreshold"
    ),
    "spec.circuitBreaker required: probeAfterSeconds": Refusal(
        task(circuitBreaker={"failureThreshold": 1}), "Required value", "spec.circuitBreaker.probeAfterSeconds"
    ),
    **{
        f"spec.circuitBreaker.{name} {constraint}": Refusal(
            task(circuitBreaker={"failureThreshold": 1, "probeAfterSeconds": 1, name: value}), words
        )
        for name, most in (("failureThreshold", 1000), ("probeAfterSeconds", 2592000))
        for constraint, value, words in (
            ("minimum", 0, "greater than or equal to 1"),
            ("maximum", most + 1, f"less than or equal to {most}"),
        )
    },
    "spec.backoffLimit minimum": Refusal(task(backoffLimit=-1), "greater than or equal to 0"),
    "spec.backoffLimit maximum": Refusal(task(backoffLimit=101), "less than or equal to 100"),
    "spec.successfulJobsHistoryLimit minimum": Refusal(
        task(successfulJobsHistoryLimit=-1), "greater than or equal to 0"
    ),
    "spec.successfulJobsHistoryLimit maximum": Refusal(task(successfulJobsHistoryLimit=11), "less than or equal to 10"),
    "spec.failedJobsHistoryLimit minimum": Refusal(task(failedJobsHistoryLimit=-1), "greater than or equal to 0"),
    "spec.failedJobsHistoryLimit maximum": Refusal(task(failedJobsHistoryLimit=11), "less than or equal to 10"),
    "spec.runOn enum": Refusal(task(runOn="SomeNodes"), 'supported values: "AnyNode", "EveryNode"'),
    **{
        f"spec.{field}{constraint}": Refusal(task(**dict[str, Any]({field: value})), words, at)
        for field, items in (("nodeNames", many(101)), ("nodeAddresses", [f"10.0.0.{i}" for i in range(101)]))
        for constraint, value, words, at in (
            (" minItems", [], "should have at least 1 items", None),
            (" maxItems", list(items), "must have at most 100 items", None),
            (" unique", ["10.0.3.7", "10.0.3.7"], "Duplicate value", f"spec.{field}[1]"),
            ("[] maxLength", ["1" * 254], "may not be more than", f"spec.{field}[0]"),
        )
    },
    "spec.nodeNames[] pattern": Refusal(task(nodeNames=["Worker_2"]), "should match"),
    "spec.nodeAddresses[] rule: is not an IP address": Refusal(
        task(nodeAddresses=["worker-2"]), "one looks like 10.0.3.7"
    ),
    "spec.nodeSelector maxProperties": Refusal(task(nodeSelector=many(33)), "must have at most 32 items"),
    "spec.nodeSelector rule: a key is not the name of a label": Refusal(
        task(nodeSelector={"disk type": "ssd"}), "a key is not the name of a label"
    ),
    "spec.nodeSelector{} maxLength": Refusal(
        task(nodeSelector={"disk": "s" * 64}), "may not be more than 63", "spec.nodeSelector.disk"
    ),
    "spec.nodeSelector{} pattern": Refusal(
        task(nodeSelector={"disk": "very fast"}), NO_LABEL_VALUE, "spec.nodeSelector.disk"
    ),
    "spec.serviceAccountName minLength": Refusal(task(serviceAccountName=""), "at least 1 chars long"),
    "spec.serviceAccountName maxLength": Refusal(task(serviceAccountName="a" * 254), "may not be more than 253"),
    "spec.serviceAccountName pattern": Refusal(task(serviceAccountName="Not_A_Name"), "should match"),
}
