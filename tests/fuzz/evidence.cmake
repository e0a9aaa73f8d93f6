cocos_fuzz(evidence DEPS attestation/evidence SEEDS evidence/raw evidence/proto evidence/bad)
cocos_fuzz(eat DEPS attestation/evidence attestation/cbor SEEDS evidence/eat evidence/bad)
cocos_fuzz(jwt DEPS attestation/evidence SEEDS evidence/eat evidence/bad)
