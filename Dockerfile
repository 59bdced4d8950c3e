# `gatewatch watch` in a container, without an AWS account:
#
#   docker build --tag gatewatch .
#   docker run --detach --read-only --tmpfs /tmp --env ORDERS_TOKEN \
#     --volume "$PWD/gatewatch.yaml:/gatewatch/gatewatch.yaml:ro" \
#     --volume gatewatch-state:/gatewatch/.gatewatch gatewatch
#
# Once, as a job: append `run --format json`. What is open: `docker exec NAME gatewatch incidents`.
# Secrets come from where the configuration says (env, file, AWS); none is in the image.

FROM python:3.13-slim-bookworm AS build
WORKDIR /build
COPY requirements/build.txt requirements/run.txt requirements/
RUN python -m pip install --no-cache-dir --require-hashes --requirement requirements/build.txt \
    && python -m venv /opt/gatewatch \
    && /opt/gatewatch/bin/python -m pip install --no-cache-dir \
        --require-hashes --requirement requirements/run.txt
COPY pyproject.toml README.md LICENSE CHANGELOG.md ./
COPY lambdas lambdas
COPY infra infra
RUN python -m build --no-isolation --outdir dist \
    && /opt/gatewatch/bin/python -m pip install --no-cache-dir --no-deps --no-index dist/*.whl \
    && /opt/gatewatch/bin/python -m pip check

FROM python:3.13-slim-bookworm
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin gatewatch \
    && install --directory --owner gatewatch --group gatewatch /gatewatch/.gatewatch
COPY --from=build /opt/gatewatch /opt/gatewatch
ENV PATH=/opt/gatewatch/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /gatewatch
VOLUME /gatewatch/.gatewatch
USER 10001:10001
# The first process of a container ignores SIGTERM; SIGINT ends a look in order.
STOPSIGNAL SIGINT
# No HEALTHCHECK: what dies ends the container, and how often it looks is the configuration's.
ENTRYPOINT ["gatewatch"]
CMD ["watch", "--format", "json"]
