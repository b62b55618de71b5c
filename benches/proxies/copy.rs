//! A bare byte copy: the least that anything between a client and an engine can cost.

use std::path::Path;

use tokio::io::copy_bidirectional;
use tokio::net::{UnixListener, UnixStream};

/// Serves until it is killed.
pub(crate) async fn serve(from: &Path, to: &Path) {
    let listener = UnixListener::bind(from).expect("the copy's socket");
    loop {
        let (mut client, _) = listener.accept().await.expect("accept");
        let to = to.to_owned();
        tokio::spawn(async move {
            if let Ok(mut engine) = UnixStream::connect(to).await {
                drop(copy_bidirectional(&mut client, &mut engine).await);
            }
        });
    }
}
