//! Connections that say nothing, or almost nothing.

use std::time::Duration;

use orlo::http::ConnectionLimits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::app::{TestApp, on_both_databases};

on_both_databases!(
    a_slow_client_is_hung_up_on,
    connections_beyond_the_limit_wait_for_their_turn,
);

const HEAD: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: orlo\r\n\r\n";
const PATIENCE: Duration = Duration::from_secs(20);

/// Reads until the server hangs up.
async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // The other side may hang up on a request that it has not read whole.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut answer))
        .await
        .unwrap();
    String::from_utf8(answer).unwrap()
}

async fn a_slow_client_is_hung_up_on(app: TestApp) {
    let limits = ConnectionLimits {
        header_timeout: Duration::from_millis(300),
        ..ConnectionLimits::default()
    };
    let server = app.listen_within(limits).await;
    let mut slow = TcpStream::connect(server.address()).await.unwrap();
    let drip = async {
        for byte in HEAD {
            if slow.write_all(&[*byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        read_to_end(&mut slow).await
    };
    let answer = timeout(PATIENCE, drip).await.unwrap();
    assert!(!answer.contains("200 OK"), "{answer}");
    let mut silent = TcpStream::connect(server.address()).await.unwrap();
    assert_eq!(read_to_end(&mut silent).await, "");
    let mut quick = TcpStream::connect(server.address()).await.unwrap();
    quick.write_all(HEAD).await.unwrap();
    let answer = read_to_end(&mut quick).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
}

async fn connections_beyond_the_limit_wait_for_their_turn(app: TestApp) {
    let limits = ConnectionLimits {
        connections: 1,
        ..ConnectionLimits::default()
    };
    let server = app.listen_within(limits).await;
    let mut first = TcpStream::connect(server.address()).await.unwrap();
    first.write_all(HEAD).await.unwrap();
    let mut begin = [0; 12];
    first.read_exact(&mut begin).await.unwrap();
    assert_eq!(&begin, b"HTTP/1.1 200");
    let mut second = TcpStream::connect(server.address()).await.unwrap();
    second.write_all(HEAD).await.unwrap();
    let waiting = timeout(Duration::from_millis(200), second.read_exact(&mut begin));
    assert!(waiting.await.is_err(), "the limit does not hold");
    drop(first);
    timeout(PATIENCE, second.read_exact(&mut begin))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(&begin, b"HTTP/1.1 200");
}
