# Built in one image, run in another: no compiler, no Node and no sources where it runs.
FROM python:3.13-slim AS build
WORKDIR /build
COPY requirements.lock requirements-build.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock -r requirements-build.lock
COPY . .
RUN python -m biobank.pages.build_assets \
    && pybabel compile --directory biobank/locale --domain biobank \
    && pip wheel --no-deps --no-build-isolation --wheel-dir /wheel .

FROM python:3.13-slim
COPY requirements.lock /tmp/
RUN pip install --no-cache-dir --require-hashes -r /tmp/requirements.lock && rm /tmp/requirements.lock
RUN --mount=type=bind,from=build,source=/wheel,target=/wheel \
    pip install --no-cache-dir --no-deps --no-index /wheel/*.whl
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin biobank \
    && install --directory --owner biobank --mode 0700 /var/lib/biobank
# The root of the file system may be read-only: all that is written goes to the volume and /tmp.
ENV BIOBANK_HOME=/var/lib/biobank \
    BIOBANK_HOST=0.0.0.0 \
    BIOBANK_PORT=8000 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001
VOLUME /var/lib/biobank
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request as ask; ask.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["biobank"]
CMD ["serve"]
