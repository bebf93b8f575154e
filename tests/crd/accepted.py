"""Valid specs: the smallest, the largest, and one for each thing that can be chosen."""

from tests.crd.documents import container, daemon, env, env_from, many, task, template

TIME = "2027-01-01T00:00:00.123456Z"
LONG_TIME = f"2027-01-01T00:00:00.{'1' * 43}Z"
LONG_SCHEDULE = "00" + ",0" * 122 + " 0 0 1 1 *"
LONG_ADDRESS = "1111:2222:3333:4444:5555:6666:123.123.123.123"
OPTIONS = {"restartPolicy": "Always", "restartDelaySeconds": 1, "minReadySeconds": 1, "startRetries": 3}
LABELS = {f"key-{number}": "v" * 63 for number in range(64)}

SPECS = {
    "smallest": task(),
    "smallest numbers": task(
        name="a",
        maxInstances=1,
        concurrencyPolicy="Queue",
        queueLimit=1,
        startingDeadlineSeconds=1,
        catchUp="All",
        catchUpLimit=1,
        timeoutSeconds=1,
        priority=-1000,
        circuitBreaker={"failureThreshold": 1, "probeAfterSeconds": 1},
        backoffLimit=0,
        successfulJobsHistoryLimit=0,
        failedJobsHistoryLimit=0,
        serviceAccountName="a",
        timeZone="Z",
        jitterSeconds=0,
        container={"image": "i", "terminationGracePeriodSeconds": 0},
        nodeNames=["n"],
        nodeAddresses=["::"],
    ),
    "largest numbers": task(
        name="a" * 52,
        schedule=LONG_SCHEDULE,
        additionalSchedules=[LONG_SCHEDULE] * 7,
        timeZone="Z" * 64,
        notBefore=LONG_TIME,
        notAfter=LONG_TIME,
        jitterSeconds=86400,
        maxInstances=1000,
        concurrencyPolicy="Queue",
        queueLimit=100,
        startingDeadlineSeconds=31536000,
        catchUp="All",
        catchUpLimit=100,
        timeoutSeconds=31536000,
        pendingTimeoutSeconds=31535999,
        priority=1000,
        circuitBreaker={"failureThreshold": 1000, "probeAfterSeconds": 2592000},
        backoffLimit=100,
        successfulJobsHistoryLimit=10,
        failedJobsHistoryLimit=10,
        serviceAccountName="a" * 253,
        nodeSelector={"example.com/" + "k" * 63: "v" * 63, **many(31)},
        nodeNames=["n" * 253, *(f"worker-{number}.example.com" for number in range(99))],
        nodeAddresses=[LONG_ADDRESS, "FD00::A", *(f"10.0.3.{number}" for number in range(98))],
        suspend=True,
    ),
    "largest container": container(
        image="i" * 1024,
        command=["c" * 32768, *["true"] * 255],
        args=["a" * 32768, *["true"] * 255],
        workingDir="/" * 4096,
        env=[{"name": "N" * 512, "value": "v" * 32768}, *({"name": f"N{number}"} for number in range(255))],
        envFrom=[
            {"prefix": "P" * 512, "configMapRef": {"name": "c" * 253, "optional": True}},
            {"secretRef": {"name": "s" * 253, "optional": False}},
            *[{"secretRef": {"name": "s"}}] * 62,
        ],
        resources={
            kind: {"cpu": "1" * 63 + "m", "memory": 64, **{f"example.com/{number}": "0.5" for number in range(30)}}
            for kind in ("requests", "limits")
        },
        securityContext=many(32),
        terminationGracePeriodSeconds=86400,
    ),
    "largest Job template": template(
        pod=many(254),
        metadata={"labels": LABELS, "annotations": {**LABELS, "key-0": "v" * 32768}},
        ttlSecondsAfterFinished=31536000,
        template={"spec": {"restartPolicy": "Never", "containers": []}, **many(63)},
        **many(62),
    ),
    "largest Pod template": template(pod=many(254)),
    "smallest time to live": template(ttlSecondsAfterFinished=60),
    "a Job template with a service account": template(pod={"serviceAccountName": "runner"}),
    "a moment": task(at=LONG_TIME),
    "a moment and all that acts on it": task(
        at=TIME, timeZone="Europe/Berlin", jitterSeconds=5, notBefore="2026-12-31T23:00:00-01:00", notAfter=LONG_TIME
    ),
    "a moment that is run late or not at all": task(
        at=TIME, concurrencyPolicy="Queue", catchUp="None", startingDeadlineSeconds=60
    ),
    "a moment and the defaults of schedules": task(
        at=TIME, dayMatch="Or", daylightSaving={"gap": "RunAfter", "fold": "Once"}
    ),
    "a moment that leaves nothing behind": task(at=TIME, ttlSecondsAfterFinished=0),
    "a moment that stays for long": task(at=TIME, ttlSecondsAfterFinished=2**31 - 1),
    "the smallest daemon": daemon(
        daemon=OPTIONS | {"restartDelaySeconds": 0, "minReadySeconds": 0, "startRetries": 0}, pendingTimeoutSeconds=1
    ),
    "the largest daemon": daemon(
        daemon={
            "restartPolicy": "OnFailure",
            "restartDelaySeconds": 3600,
            "minReadySeconds": 3600,
            "startRetries": 1000,
        },
        maxInstances=100,
        timeoutSeconds=60,
        priority=1,
        suspend=True,
        pendingTimeoutSeconds=59,
    ),
    "a daemon on some nodes": daemon(
        daemon=OPTIONS,
        runOn="EveryNode",
        nodeSelector={"disk": "ssd"},
        nodeNames=["a"],
        nodeAddresses=["fd00::7"],
    ),
    "a daemon and the defaults of schedules": daemon(
        daemon=OPTIONS,
        dayMatch="Or",
        daylightSaving={"gap": "RunAfter", "fold": "Once"},
        timeZone="UTC",
        concurrencyPolicy="Forbid",
        catchUp="Latest",
    ),
    "a long wait for a Pod": task(pendingTimeoutSeconds=2**31 - 1),
    "once on each node": task(runOn="EveryNode", maxInstances=2),
    "on each node without a limit": task(runOn="EveryNode", concurrencyPolicy="Allow"),
    "clock changes": task(timeZone="Europe/Berlin", daylightSaving={"gap": "Skip", "fold": "Twice"}),
    "days that both fields name": task(schedule="0 0 13 * FRI", dayMatch="And"),
    "a window open at one end": task(notBefore="2099-01-01T00:00:00+01:00"),
    "a window closed at one end": task(notAfter=TIME),
    "Forbid with a limit": task(concurrencyPolicy="Forbid", maxInstances=3),
    "Allow": task(concurrencyPolicy="Allow"),
    "Replace with a limit": task(concurrencyPolicy="Replace", maxInstances=3),
    "a queue as it is by default": task(concurrencyPolicy="Queue", maxInstances=3),
    "all that fits into the default queue": task(concurrencyPolicy="Queue", catchUp="All", catchUpLimit=10),
    "as much as a small queue holds": task(concurrencyPolicy="Queue", queueLimit=3, catchUp="All"),
    "the latest into a queue": task(concurrencyPolicy="Queue", queueLimit=3, catchUp="Latest"),
    "nothing late": task(catchUp="None"),
    "a deadline shorter than the delay": task(jitterSeconds=60, startingDeadlineSeconds=5),
    "names of one letter": container(env=[{"name": "N"}], envFrom=[{"configMapRef": {"name": "c"}}]),
    "a Secret's name of one letter": env_from(secretRef={"name": "s"}),
    "a variable from elsewhere": env(valueFrom={"fieldRef": {"fieldPath": "metadata.name"}}),
    "a variable from a file": env(valueFrom={"fileKeyRef": {"volumeName": "v", "path": "p", "key": "k"}}),
    **{
        f"imagePullPolicy {policy}": container(imagePullPolicy=policy) for policy in ("Always", "IfNotPresent", "Never")
    },
    "label values may be empty": task(nodeSelector={"node-role.kubernetes.io/control-plane": ""}),
    "fields of Kubernetes versions to come": template(pod={"notInventedYet": {"deep": [1]}}, notInventedEither=1),
}

SCHEDULES = (
    "* * * * *",
    "* * * * * *",
    "0 0 * * 7",
    "59 59 23 31 12 7",
    "00 00 00 01 01 00",
    "*/45 * * * *",
    "*/60 */60 */24 */31 */12 */7",
    "5/15 1-30/7,45 9-17 * * MON-FRI",
    "  0   12\t* jan-mar,Dec   sun ",
    "0 12 L,15W ? * 5L",
    "0 0 12 ? * tue#5,L5",
    "H H(0-59) H/3 * * *",
    "* * * * * * *",
    "0 0 0 29 2 * 2096",
    "0 0 0 1 1 ? 1970-2099/130,02000,*/7",
    *("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly", "@minutely", "\t@Daily "),
    *("@every 1s", "@every 8784h", "@EVERY\t 00001h00030m5s", "@every 1h30m/0s", " @every 90m/1h29m59s "),
)
