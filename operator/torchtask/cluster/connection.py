"""Where the API server is and how to be let in: the official client's configuration, put into aiohttp's terms."""

import os
import ssl
from dataclasses import dataclass
from typing import Any

from kubernetes import client, config

from torchtask.cluster.errors import NoClusterError

SERVICE_HOST = "KUBERNETES_SERVICE_HOST"


@dataclass(frozen=True, slots=True)
class Connection:
    """The server's URL, the TLS context, and who we are. The official client knows when a token is to be read anew."""

    server: str
    tls: ssl.SSLContext | bool
    configuration: Any

    def headers(self) -> dict[str, str]:
        """Return the credentials that are valid now; may read a file, or run the kubeconfig's credential plugin."""
        bearer = self.configuration.auth_settings().get("BearerToken")
        return {bearer["key"]: bearer["value"]} if bearer and bearer["value"] else {}


def connect() -> Connection:
    """Read the Pod's service account, or else the kubeconfig (KUBECONFIG, current context).

    Raises `NoClusterError` when there is neither.
    """
    configuration: Any = client.Configuration()
    try:
        if SERVICE_HOST in os.environ and "KUBECONFIG" not in os.environ:
            config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        else:
            config.load_kube_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
    except config.ConfigException as error:
        raise NoClusterError(str(error)) from error
    return Connection(configuration.host.rstrip("/"), _tls(configuration), configuration)


def _tls(configuration: Any) -> ssl.SSLContext | bool:  # noqa: ANN401 -- the client ships no types
    if not configuration.host.startswith("https:"):
        return False
    context = ssl.create_default_context(cafile=configuration.ssl_ca_cert)
    if configuration.cert_file:
        context.load_cert_chain(configuration.cert_file, configuration.key_file)
    if not configuration.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
