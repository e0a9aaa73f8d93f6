cocos_fuzz(snp_report DEPS attestation/snp SEEDS sev-snp/reports sev-snp/synthetic/reports)
cocos_fuzz(cert_table DEPS attestation/snp SEEDS sev-snp/certtables)
