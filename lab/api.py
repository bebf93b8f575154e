"""The few calls that the lab itself makes to its API server, as admin."""

import http.client
import json
import ssl
from typing import Any

from lab.site import Site
from lab.trouble import LabError
from lab.waiting import wait_until


class Api:
    """Speaks to the API server of one lab."""

    def __init__(self, site: Site) -> None:
        self._port = site.api_port
        self._tls = ssl.create_default_context(cafile=str(site.pki / "ca.crt"))
        self._tls.load_cert_chain(site.pki / "admin.crt", site.pki / "admin.key")

    def call(self, method: str, path: str, document: object = None) -> tuple[int, bytes]:
        """Return status and body; status 0 when nobody answers."""
        connection = http.client.HTTPSConnection("127.0.0.1", self._port, timeout=5, context=self._tls)
        body = None if document is None else json.dumps(document)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            return 0, str(error).encode()
        finally:
            connection.close()

    def get(self, path: str) -> dict[str, Any] | None:
        """Return the object at `path`; None when there is none, or no answer."""
        status, body = self.call("GET", path)
        return json.loads(body) if status == http.HTTPStatus.OK else None

    def is_ready(self) -> bool:
        """Say whether the API server would serve."""
        return self.call("GET", "/readyz")[0] == http.HTTPStatus.OK

    def create(self, path: str, document: object) -> None:
        """Create an object; one that exists already is fine. Raises `LabError` when it is refused."""
        status, body = self.call("POST", path, document)
        if status not in {http.HTTPStatus.CREATED, http.HTTPStatus.CONFLICT}:
            raise LabError(f"the API server answers {status} to a new object in {path}: {body.decode()[:500]}")

    def await_object(self, path: str) -> None:
        """Wait until an object exists that a controller creates."""
        wait_until(lambda: self.get(path), f"{path} to exist", within=30)

    def unready_nodes(self, count: int) -> str:
        """Say which nodes are not ready, or that there are fewer than `count`; empty when all is well."""
        nodes = (self.get("/api/v1/nodes") or {"items": []})["items"]
        waiting = [node["metadata"]["name"] for node in nodes if not _is_ready(node)]
        missing = ["(not registered)"] if len(nodes) < count else []
        return ", ".join([*waiting, *missing])


def _is_ready(node: dict[str, Any]) -> bool:
    conditions = node["status"].get("conditions", ())
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)
