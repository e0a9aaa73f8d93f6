cocos_fuzz(policy_json DEPS attestation/policy)
cocos_fuzz(policy_yaml DEPS attestation/policy)
cocos_fuzz(corim DEPS attestation/policy)
