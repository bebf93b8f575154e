# The operator's image. Any base with Python 3.11 or later and its venv module will do, the same for both stages: the
# virtual environment made in the first one leans on the base's interpreter in the second.
ARG BASE_IMAGE=docker.io/library/python:3.13-slim

FROM ${BASE_IMAGE} AS build
# One environment holds pip, the other what the operator needs at run time: no installer ends up in the image.
RUN python3 -m venv /build/pip && python3 -m venv --without-pip /opt/torchtask
WORKDIR /build/source
# What changes seldom comes first, so that an edit of the code does not fetch the dependencies again.
COPY requirements/operator.txt requirements/
RUN /build/pip/bin/pip --python /opt/torchtask/bin/python install --no-cache-dir --no-deps --require-hashes \
    -r requirements/operator.txt
COPY pyproject.toml README.md LICENSE ./
COPY operator operator
# The wheel is installed, not the source: what runs here is what is released.
RUN /build/pip/bin/pip wheel --no-cache-dir --no-deps --wheel-dir /build/wheels . \
    && /build/pip/bin/pip --python /opt/torchtask/bin/python install --no-cache-dir --no-deps --no-index \
       /build/wheels/*.whl

FROM ${BASE_IMAGE}
LABEL org.opencontainers.image.title="torchtask" \
      org.opencontainers.image.description="A Kubernetes operator for tasks that run at a second" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/torchtask /opt/torchtask
# The root file system is read-only in the chart, so nothing is to be written beside the code.
ENV PATH=/opt/torchtask/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
# By number, so that runAsNonRoot can see that it is not root.
USER 65532:65532
WORKDIR /
EXPOSE 8080
ENTRYPOINT ["python", "-m", "torchtask"]
