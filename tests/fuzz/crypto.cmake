cocos_fuzz(certificate DEPS crypto attestation/snp SEEDS sev-snp/synthetic sev-snp/chains)
cocos_fuzz(crl DEPS crypto)
cocos_fuzz(asn1 DEPS crypto)
