# docker build -t feed . && docker run --rm -p 8080:8080 -v feed:/data feed
FROM python:3.11-slim AS build
COPY requirements.txt .
RUN python -m venv /venv \
    && /venv/bin/python -m pip install --no-cache-dir --require-hashes -r requirements.txt

FROM python:3.11-slim
RUN useradd --system --uid 10001 --no-create-home feed && install -d -o feed /data
COPY --from=build /venv /venv
WORKDIR /srv
COPY templates templates
COPY feed feed
USER feed
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PORT=8080 FEED_LOG=sqlite:////data/feed.db
EXPOSE 8080
VOLUME /data
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["python", "-c", \
    "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/health/live', timeout=4)"]
CMD ["python", "-m", "feed"]
