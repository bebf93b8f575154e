"""For each constraint on the whole and on what to run, a document that breaks it and nothing else."""

from tests.crd.documents import Refusal, container, env, env_from, many, task, template, without

NO_LABEL_VALUE = r"should match '^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$'"
POD = {"spec": {"restartPolicy": "Never", "containers": []}}

WHOLE = {
    "required: spec": Refusal(without(task(), "spec"), "Required value", "spec"),
    "rule: metadata.name must be a DNS label of at most 52 characters": Refusal(
        task(name="a" * 53), "metadata.name must be a DNS label of at most 52 characters", "<nil>"
    ),
    "spec rule: set exactly one of container and jobTemplate": Refusal(
        without(task(), "spec", "container"), "set exactly one of container and jobTemplate"
    ),
    "spec rule: has no place beside concurrencyPolicy Allow, which means no limit": Refusal(
        task(concurrencyPolicy="Allow", maxInstances=2),
        "has no place beside concurrencyPolicy Allow",
        "spec.maxInstances",
    ),
    **{
        f"spec rule: {constraint}": Refusal(document, constraint, f"spec.{field}")
        for constraint, field, document in (
            ("goes with concurrencyPolicy Queue", "queueLimit", task(queueLimit=5)),
            (
                "All goes with concurrencyPolicy Queue, in which late fire times wait their turn",
                "catchUp",
                task(catchUp="All"),
            ),
            ("goes with catchUp All", "catchUpLimit", task(concurrencyPolicy="Queue", catchUpLimit=5)),
            (
                "is more than queueLimit, which is 10 when unset",
                "catchUpLimit",
                task(concurrencyPolicy="Queue", queueLimit=3, catchUp="All", catchUpLimit=4),
            ),
            (
                "is not less than timeoutSeconds, which would end the run first",
                "pendingTimeoutSeconds",
                task(timeoutSeconds=30, pendingTimeoutSeconds=30),
            ),
            (
                "EveryNode goes with concurrencyPolicy Forbid or Allow",
                "runOn",
                task(runOn="EveryNode", concurrencyPolicy="Queue"),
            ),
        )
    },
    "spec rule: goes with container": Refusal(
        {**(with_template := template()), "spec": {**with_template["spec"], "serviceAccountName": "runner"}},
        "beside jobTemplate set jobTemplate.spec.template.spec.serviceAccountName",
        "spec.serviceAccountName",
    ),
}

CONTAINER = {
    f"spec.container{constraint}": refusal
    for constraint, refusal in {
        " required: image": Refusal(task(container={}), "Required value", "spec.container.image"),
        ".image minLength": Refusal(container(image=""), "at least 1 chars long"),
        ".image maxLength": Refusal(container(image="i" * 1025), "may not be more than 1024"),
        ".command maxItems": Refusal(container(command=["true"] * 257), "must have at most 256 items"),
        ".command[] maxLength": Refusal(container(command=["c" * 32769]), "may not be more than 32768"),
        ".args maxItems": Refusal(container(args=["true"] * 257), "must have at most 256 items"),
        ".args[] maxLength": Refusal(container(args=["a" * 32769]), "may not be more than 32768"),
        ".workingDir maxLength": Refusal(container(workingDir="/" * 4097), "may not be more than 4096"),
        ".env maxItems": Refusal(container(env=[{"name": f"N{i}"} for i in range(257)]), "must have at most 256 items"),
        ".env unique": Refusal(
            container(env=[{"name": "A"}, {"name": "A"}]), "Duplicate value", "spec.container.env[1]"
        ),
        ".env[] required: name": Refusal(
            container(env=[{"value": "red"}]), "Required value", "spec.container.env[0].name"
        ),
        ".env[] rule: set value or valueFrom, not both": Refusal(
            env(value="red", valueFrom={"fieldRef": {"fieldPath": "metadata.name"}}), "set value or valueFrom, not both"
        ),
        ".env[].name minLength": Refusal(env(name=""), "at least 1 chars long"),
        ".env[].name maxLength": Refusal(env(name="N" * 513), "may not be more than 512"),
        ".env[].name pattern": Refusal(env(name="A=B"), "should match"),
        ".env[].value maxLength": Refusal(env(value="v" * 32769), "may not be more than 32768"),
        ".env[].valueFrom minProperties": Refusal(env(valueFrom={}), "should have at least 1 properties"),
        ".env[].valueFrom maxProperties": Refusal(env(valueFrom=many(2)), "must have at most 1 item"),
        ".envFrom maxItems": Refusal(
            container(envFrom=[{"configMapRef": {"name": "c"}}] * 65), "must have at most 64 items"
        ),
        ".envFrom[] rule: set exactly one of configMapRef and secretRef": Refusal(
            env_from(prefix="A_"), "set exactly one of configMapRef and secretRef"
        ),
        ".envFrom[].prefix maxLength": Refusal(
            env_from(prefix="P" * 513, configMapRef={"name": "c"}), "may not be more than 512"
        ),
        ".envFrom[].prefix pattern": Refusal(env_from(prefix="=", configMapRef={"name": "c"}), "should match"),
        ".envFrom[].configMapRef required: name": Refusal(
            env_from(configMapRef={}), "Required value", "spec.container.envFrom[0].configMapRef.name"
        ),
        ".envFrom[].configMapRef.name minLength": Refusal(env_from(configMapRef={"name": ""}), "at least 1 chars long"),
        ".envFrom[].configMapRef.name maxLength": Refusal(
            env_from(configMapRef={"name": "c" * 254}), "may not be more than 253"
        ),
        ".envFrom[].secretRef required: name": Refusal(
            env_from(secretRef={}), "Required value", "spec.container.envFrom[0].secretRef.name"
        ),
        ".envFrom[].secretRef.name minLength": Refusal(env_from(secretRef={"name": ""}), "at least 1 chars long"),
        ".envFrom[].secretRef.name maxLength": Refusal(
            env_from(secretRef={"name": "s" * 254}), "may not be more than 253"
        ),
        ".imagePullPolicy enum": Refusal(
            container(imagePullPolicy="Sometimes"), 'supported values: "Always", "IfNotPresent", "Never"'
        ),
        ".securityContext maxProperties": Refusal(container(securityContext=many(33)), "must have at most 32 items"),
        ".terminationGracePeriodSeconds minimum": Refusal(
            container(terminationGracePeriodSeconds=-1), "greater than or equal to 0"
        ),
        ".terminationGracePeriodSeconds maximum": Refusal(
            container(terminationGracePeriodSeconds=86401), "less than or equal to 86400"
        ),
    }.items()
}

RESOURCES = {
    f"spec.container.resources.{kind}{constraint}": Refusal(
        container(resources={kind: amounts}), words, f"spec.container.resources.{kind}{field}"
    )
    for kind in ("requests", "limits")
    for constraint, amounts, words, field in (
        (" maxProperties", {f"example.com/{i}": 1 for i in range(33)}, "must have at most 32 items", ""),
        ("{} maxLength", {"cpu": "1" * 65}, "may not be more than 64", ".cpu"),
        ("{} rule: is not a quantity such as 100m, 0.5 or 64Mi", {"cpu": "-1"}, "is not a quantity such as", "[cpu]"),
    )
}

JOB_TEMPLATE = {
    f"spec.jobTemplate{constraint}": refusal
    for constraint, refusal in {
        " required: spec": Refusal(task(jobTemplate={}), "Required value", "spec.jobTemplate.spec"),
        ".metadata.labels maxProperties": Refusal(
            template(metadata={"labels": many(65)}), "must have at most 64 items"
        ),
        ".metadata.labels rule: labels under torchtask.dev/ and app.kubernetes.io/managed-by"
        " are the operator's own": Refusal(
            template(metadata={"labels": {"torchtask.dev/task": "mine"}}), "are the operator's own"
        ),
        ".metadata.labels{} maxLength": Refusal(
            template(metadata={"labels": {"team": "t" * 64}}),
            "may not be more than 63",
            "spec.jobTemplate.metadata.labels.team",
        ),
        ".metadata.labels{} pattern": Refusal(
            template(metadata={"labels": {"team": "a b"}}), NO_LABEL_VALUE, "spec.jobTemplate.metadata.labels.team"
        ),
        ".metadata.annotations maxProperties": Refusal(
            template(metadata={"annotations": many(65)}), "must have at most 64 items"
        ),
        ".metadata.annotations rule: annotations under torchtask.dev/"
        " and batch.kubernetes.io/cronjob-scheduled-timestamp are the operator's own": Refusal(
            template(metadata={"annotations": {"torchtask.dev/fire-time": "now"}}), "are the operator's own"
        ),
        ".metadata.annotations{} maxLength": Refusal(
            template(metadata={"annotations": {"note": "n" * 32769}}),
            "may not be more than 32768",
            "spec.jobTemplate.metadata.annotations.note",
        ),
        ".spec maxProperties": Refusal(template(**many(64)), "must have at most 64 items"),
        ".spec required: template": Refusal(
            task(jobTemplate={"spec": {}}), "Required value", "spec.jobTemplate.spec.template"
        ),
        ".spec.activeDeadlineSeconds rule: set spec.timeoutSeconds instead": Refusal(
            template(activeDeadlineSeconds=30), "set spec.timeoutSeconds instead"
        ),
        ".spec.backoffLimit rule: set spec.backoffLimit instead": Refusal(
            template(backoffLimit=1), "set spec.backoffLimit instead"
        ),
        ".spec.suspend rule: set spec.suspend instead": Refusal(template(suspend=False), "set spec.suspend instead"),
        ".spec.ttlSecondsAfterFinished minimum": Refusal(
            template(ttlSecondsAfterFinished=59), "greater than or equal to 60"
        ),
        ".spec.ttlSecondsAfterFinished maximum": Refusal(
            template(ttlSecondsAfterFinished=31536001), "less than or equal to 31536000"
        ),
        ".spec.template maxProperties": Refusal(template(template={**POD, **many(64)}), "must have at most 64 items"),
        ".spec.template required: spec": Refusal(
            template(template={}), "Required value", "spec.jobTemplate.spec.template.spec"
        ),
        ".spec.template.spec maxProperties": Refusal(template(pod=many(255)), "must have at most 256 items"),
        ".spec.template.spec.nodeSelector rule: set spec.nodeSelector instead": Refusal(
            template(pod={"nodeSelector": {"disk": "ssd"}}), "set spec.nodeSelector instead"
        ),
        ".spec.template.spec.nodeName rule: set spec.nodeNames instead": Refusal(
            template(pod={"nodeName": "worker-2"}), "set spec.nodeNames instead"
        ),
    }.items()
}

REFUSED = {**WHOLE, **CONTAINER, **RESOURCES, **JOB_TEMPLATE}
