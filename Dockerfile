FROM python:3.13-slim AS builder
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY requirements.lock requirements-build.lock ./
RUN python -m pip install --require-hashes --requirement requirements-build.lock
# The environment never holds pip: the builder's own installs into it.
RUN python -m venv --without-pip /opt/shim \
 && python -m pip --python /opt/shim install --require-hashes --only-binary :all: --requirement requirements.lock
COPY pyproject.toml README.md ./
COPY contracts ./contracts
COPY adapters ./adapters
COPY shim ./shim
RUN python -m pip wheel --no-index --no-deps --no-build-isolation --wheel-dir /opt/wheels . \
 && python -m pip --python /opt/shim install --no-index --no-deps /opt/wheels/*.whl

FROM python:3.13-slim
LABEL org.opencontainers.image.title="zoom-call-log-shim" \
      org.opencontainers.image.description="Serves the retired Zoom Phone call log API (v1) from Zoom's call history" \
      org.opencontainers.image.version="0.1.0"
ENV PATH=/opt/shim/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SHIM_HOST=0.0.0.0 \
    SHIM_STATE_URL=sqlite:////var/lib/shim/state.db
COPY --from=builder /opt/shim /opt/shim
RUN /usr/local/bin/python3 -m pip uninstall --yes pip \
 && install --directory --owner=65532 --group=65532 --mode=0700 /var/lib/shim
# The one place that can be written; all else may be mounted read-only.
WORKDIR /var/lib/shim
VOLUME /var/lib/shim
USER 65532:65532
EXPOSE 8080 8081
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 CMD ["zoom-call-log-shim", "health"]
ENTRYPOINT ["zoom-call-log-shim"]
CMD ["serve"]
