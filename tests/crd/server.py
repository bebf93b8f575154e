"""A real API server, asked what it makes of a TorchTask."""

import json
import re

from lab.api import Api
from lab.tools import Tools
from tests.crd.schema import Document

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
TASKS = "/apis/torchtask.dev/v1beta1/namespaces/default/torchtasks"
KEPT = "kept"
"""The name of the one task that is really there: a status is tried on it."""

NOT_ALL_CHECKED = "some validation rules were not checked"


class Server:
    """An API server that is asked what it would make of a TorchTask, and keeps nothing of it."""

    def __init__(self, api: Api, tools: Tools) -> None:
        self._api, self._tools = api, tools

    def apply(self, document: Document, *, strict: bool = False) -> tuple[int, Document]:
        """Return the server's status code and its answer: what it would keep, or why it refuses."""
        method, path, body = "POST", TASKS, document
        if "status" in document:
            method, path = "PUT", f"{TASKS}/{KEPT}/status"
            body = {**json.loads(self._api.call("GET", f"{TASKS}/{KEPT}")[1]), "status": document["status"]}
        options = f"?dryRun=All&fieldValidation={'Strict' if strict else 'Ignore'}"
        code, answer = self._api.call(method, path + options, body)
        return code, json.loads(answer)

    def kept(self, document: Document, *, strict: bool = False) -> Document:
        """Return what the server would keep of `document`, which it must accept."""
        code, answer = self.apply(document, strict=strict)
        assert code in {200, 201}, answer
        return answer

    def selected(self, fields: str) -> list[str]:
        """Return the names of the tasks that a field selector picks."""
        found = self._api.get(f"{TASKS}?fieldSelector={fields}")
        assert found
        return [item["metadata"]["name"] for item in found["items"]]

    def shown(self, document: Document, column: str, status: Document | None = None) -> str:
        """Return what `kubectl get` shows in a column of a task: of one that no operator has seen, or with a status."""
        name = document["metadata"]["name"]
        code, answer = self._api.call("POST", TASKS, document)
        assert code == 201
        try:
            if status is not None:
                body = {**json.loads(answer), "status": status}
                assert self._api.call("PUT", f"{TASKS}/{name}/status", body)[0] == 200
            header, row = self._tools.kubectl("get", "torchtask", name, "--output=wide").splitlines()
        finally:
            self._api.call("DELETE", f"{TASKS}/{name}")
        return re.split(r"\s{2,}", row[header.index(column) :])[0]

    def refusal(self, document: Document) -> list[tuple[str, str]]:
        """Return the places and words with which the server refuses `document`; nothing when it does not."""
        code, answer = self.apply(document)
        assert code in {200, 201, 422}, answer
        causes = answer["details"]["causes"] if code == 422 else []
        return [(c.get("field", ""), c["message"]) for c in causes if NOT_ALL_CHECKED not in c["message"]]
