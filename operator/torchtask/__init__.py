"""TorchTask: a Kubernetes operator for tasks that run at a second."""
