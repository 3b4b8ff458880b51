# Orlo in a container: docs/operations.md says how it is run.

FROM rust:1.95-slim-bookworm AS build
# The toolchain of the image, without the tools for development that rust-toolchain.toml adds.
ENV RUSTUP_TOOLCHAIN=1.95.0
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin orlo && cp target/release/orlo /orlo
RUN mkdir /data

# The C library and the certificates that machines trust, no shell.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /orlo /usr/local/bin/orlo
# Where orlo.db is, unless ORLO_DATABASE_URL names another database.
COPY --from=build --chown=nonroot:nonroot /data /data
WORKDIR /data
VOLUME /data
# Others reach a container, so nothing is open unless ORLO_AUTH says so.
ENV ORLO_BIND=0.0.0.0:8080 ORLO_AUTH=all ORLO_LOG_FORMAT=json
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s CMD ["/usr/local/bin/orlo", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/orlo"]
