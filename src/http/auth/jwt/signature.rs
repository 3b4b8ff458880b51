//! Verifying signatures with ring, which is in the binary for TLS already.

use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use ring::signature::{self as verify, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey};
use signature::{Error, Verifier};

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(ErrorKind::UnsupportedAlgorithm.into()),
    verifier_factory: |algorithm, key| {
        let (algorithm, key) = (*algorithm, key.clone());
        Ok(Box::new(RingVerifier { algorithm, key }))
    },
    key_utils: KeyUtils::new_unimplemented(),
};

/// Makes ring verify signatures, for the whole process.
pub fn install() {
    // Only the first call counts, and each asks for the same.
    let _ = PROVIDER.install_default();
}

struct RingVerifier {
    algorithm: Algorithm,
    key: DecodingKey,
}

impl JwtVerifier for RingVerifier {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl Verifier<Vec<u8>> for RingVerifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), Error> {
        let verified = match (self.algorithm, self.key.kind()) {
            (algorithm, DecodingKeyKind::RsaModulusExponent { n, e }) => {
                let key = RsaPublicKeyComponents {
                    n: without_zeros(n),
                    e: without_zeros(e),
                };
                let parameters = rsa(algorithm).ok_or_else(Error::new)?;
                key.verify(parameters, message, signature)
            }
            (algorithm, DecodingKeyKind::SecretOrDer(key)) => {
                let algorithm = other(algorithm).ok_or_else(Error::new)?;
                UnparsedPublicKey::new(algorithm, key).verify(message, signature)
            }
        };
        verified.map_err(|_| Error::new())
    }
}

/// Some issuers write numbers with zeros in front, which ring does not take.
fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}

/// Keys of fewer than 2,048 bits are refused.
fn rsa(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    Some(match algorithm {
        Algorithm::RS256 => &verify::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::RS384 => &verify::RSA_PKCS1_2048_8192_SHA384,
        Algorithm::RS512 => &verify::RSA_PKCS1_2048_8192_SHA512,
        Algorithm::PS256 => &verify::RSA_PSS_2048_8192_SHA256,
        Algorithm::PS384 => &verify::RSA_PSS_2048_8192_SHA384,
        Algorithm::PS512 => &verify::RSA_PSS_2048_8192_SHA512,
        _ => return None,
    })
}

fn other(algorithm: Algorithm) -> Option<&'static dyn verify::VerificationAlgorithm> {
    Some(match algorithm {
        Algorithm::ES256 => &verify::ECDSA_P256_SHA256_FIXED,
        Algorithm::ES384 => &verify::ECDSA_P384_SHA384_FIXED,
        Algorithm::EdDSA => &verify::ED25519,
        _ => return None,
    })
}
