//! TLS, with a certificate that is read anew once its file has changed.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use stockade::{Clock, Digest, Fault, file};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;

use crate::patient::Patient;

/// The longest files.
const CERTIFICATE_BYTES_MAX: u64 = 1 << 20;
const KEY_BYTES_MAX: u64 = 64 << 10;

/// How often the files are looked at, where clients come.
const LOOK_MS: u64 = 10_000;

/// How often the operator is told that a client speaks no TLS.
const TELL_MS: u64 = 60_000;

/// The first byte of a client that speaks TLS: a record of a handshake.
const HANDSHAKE: u8 = 0x16;

/// What a client is answered that speaks plain HTTP, and how much of its request is read first.
const PLAIN: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: 36\r\nconnection: close\r\n\r\n\
                       this server speaks https, not http.\n";
const PLAIN_BYTES_MAX: usize = 4 << 10;

/// The certificate of a server, and its key.
///
/// The files are looked at again while clients come: a certificate that was renewed is used within ten seconds. Where what is
/// there then cannot be used, the one before stays, and the operator is told.
pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    kept: Mutex<Kept>,
}

/// What was read last.
struct Kept {
    read: Digest,
    config: Arc<ServerConfig>,
    looked_ms: u64,
    /// Why what is there now is not used, as the operator was told.
    refused: Option<String>,
    /// When the operator was told last that a client speaks no TLS.
    plain_ms: Option<u64>,
}

/// The files as they are.
struct Files {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Tls {
    /// Reads a certificate, with the chain behind it, and its private key: files of PEM. Only its owner may read the file of the
    /// key.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`](stockade::Kind::Invalid) with detail `tls` where a file cannot be read or used, or the key is not
    /// that of the certificate.
    pub fn new(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> stockade::Result<Self> {
        let (certificate, key) = (certificate.into(), key.into());
        let files = Files::read(&certificate, &key)?;
        let (read, config) = (files.digest(), files.config(&certificate)?);
        let kept = Kept { read, config, looked_ms: 0, refused: None, plain_ms: None };
        Ok(Self { certificate, key, kept: Mutex::new(kept) })
    }

    /// Begins to speak TLS with a client. One that speaks plain HTTP is told so, and the operator is, too.
    pub(crate) async fn accept(
        &self,
        mut stream: Patient,
        clock: &Clock,
        told: &(dyn Fn(&Fault) + Send + Sync),
    ) -> io::Result<TlsStream<Patient>> {
        if stream.first().await? == Some(HANDSHAKE) {
            return TlsAcceptor::from(self.config(clock.now_ms(), told)).accept(stream).await;
        }
        if self.is_news(clock.now_ms()) {
            told(&Fault::invalid("tls", "a client speaks no TLS, and this server speaks https alone: use https://"));
        }
        // What is not read would take the answer with it.
        if stream.read(&mut [0; PLAIN_BYTES_MAX]).await? > 0 {
            stream.write_all(PLAIN).await?;
            stream.shutdown().await?;
        }
        Err(io::ErrorKind::InvalidData.into())
    }

    /// Returns what holds now.
    fn config(&self, now_ms: u64, told: &(dyn Fn(&Fault) + Send + Sync)) -> Arc<ServerConfig> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if now_ms.abs_diff(kept.looked_ms) >= LOOK_MS {
            kept.looked_ms = now_ms;
            match self.look(&mut kept) {
                Ok(()) => kept.refused = None,
                Err(fault) if kept.refused.as_ref() == Some(&fault.message) => {}
                Err(fault) => {
                    told(&fault);
                    kept.refused = Some(fault.message);
                }
            }
        }
        Arc::clone(&kept.config)
    }

    /// Takes what is there, if it is another than before.
    fn look(&self, kept: &mut Kept) -> stockade::Result<()> {
        let files = Files::read(&self.certificate, &self.key)?;
        let read = files.digest();
        if read != kept.read {
            kept.config = files.config(&self.certificate)?;
            kept.read = read;
        }
        Ok(())
    }

    /// Returns whether the operator was not told of a client without TLS of late.
    fn is_news(&self, now_ms: u64) -> bool {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = kept.plain_ms.is_none_or(|told_ms| now_ms.abs_diff(told_ms) >= TELL_MS);
        if is_news {
            kept.plain_ms = Some(now_ms);
        }
        is_news
    }
}

impl Files {
    fn read(certificate: &Path, key: &Path) -> stockade::Result<Self> {
        let refused = |what: &str, path: &Path, error: io::Error| {
            Fault::invalid("tls", format!("the {what} \"{}\" cannot be read: {error}", path.display()))
        };
        Ok(Self {
            certificate: file::read(certificate, CERTIFICATE_BYTES_MAX)
                .map_err(|error| refused("certificate", certificate, error))?,
            key: file::read_private(key, KEY_BYTES_MAX).map_err(|error| refused("key", key, error))?,
        })
    }

    fn digest(&self) -> Digest {
        Digest::of(&[self.certificate.as_slice(), &self.key].concat())
    }

    fn config(&self, path: &Path) -> stockade::Result<Arc<ServerConfig>> {
        let unusable = |why: String| {
            let message = format!("the certificate \"{}\" cannot be used with its key: {why}", path.display());
            Fault::invalid("tls", message)
        };
        let chain = CertificateDer::pem_slice_iter(&self.certificate).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|error| unusable(error.to_string()))?;
        if chain.is_empty() {
            return Err(unusable("it has no section \"BEGIN CERTIFICATE\"".to_owned()));
        }
        // What PEM says of a key that it cannot read may have a part of it.
        let key = PrivateKeyDer::from_pem_slice(&self.key).map_err(|_| unusable("the key is not PEM".to_owned()))?;
        let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()));
        let config = builder
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key));
        let mut config = config.map_err(|error| unusable(error.to_string()))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}
