"""What a request asks of the API server, read from its method, path and body."""

import json
import re
from collections.abc import Mapping

from tests.faults.calls import Call

_PATH = re.compile(
    r"/(?:api/v1|apis/[^/]+/[^/]+)"
    r"(?:/namespaces/(?P<namespace>[^/]+)(?=/[^/]))?"
    r"/(?P<plural>[^/]+)(?:/(?P<name>[^/]+)(?:/(?P<subresource>[^/]+))?)?/?"
)
_VERBS = {"POST": "create", "PATCH": "patch", "PUT": "update"}


def read(method: str, path: str, query: Mapping[str, str], body: bytes) -> Call:
    """Describe a request in Kubernetes' words; discovery, which is of no resource, has an empty one.

    The name of an object that is to be created is taken from the document.
    """
    found = _PATH.fullmatch(path)
    parts = {key: value or "" for key, value in found.groupdict().items()} if found else {}
    name = parts.get("name", "")
    verb = _verb(method, query, named=bool(name) or not found)
    resource = "/".join(filter(None, [parts.get("plural"), parts.get("subresource")]))
    if verb == "create" and not name:
        name = _name(body)
    return Call(0, "", method, path, verb, resource, parts.get("namespace", ""), name, dict(query), body)


def _verb(method: str, query: Mapping[str, str], *, named: bool) -> str:
    if method == "GET":
        if query.get("watch") in {"true", "1"}:
            return "watch"
        return "get" if named else "list"
    if method == "DELETE":
        return "delete" if named else "deletecollection"
    return _VERBS.get(method, method.lower())


def _name(body: bytes) -> str:
    try:
        return str(json.loads(body)["metadata"]["name"])
    except (ValueError, KeyError, TypeError):
        return ""
