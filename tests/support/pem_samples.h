// A self-signed certificate with its key, and a key that is not its own. Made with
//   openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500
// for tests alone; they protect nothing.
#pragma once

namespace cocos::testing {

inline constexpr char kCertificatePem[] = R"(
-----BEGIN CERTIFICATE-----
MIIBgTCCASegAwIBAgIUHbW3ecluUsL5SXU92UdzFtigttcwCgYIKoZIzj0EAwIw
FTETMBEGA1UEAwwKY29jb3MgdGVzdDAgFw0yNjExMjQwODU5MjJaGA8yMTI2MTAz
MTA4NTkyMlowFTETMBEGA1UEAwwKY29jb3MgdGVzdDBZMBMGByqGSM49AgEGCCqG
SM49AwEHA0IABJr9Kh3slVmnj2xQVoeOWZPJUzExMkeWHIXgYKPrWay0Uzj0a5PU
mVmYJur6u8h5gWx59Lj/AIgvtqGdbRZFK/ujUzBRMB0GA1UdDgQWBBR+ywoo8gI1
jYx8TBCI3tSaMk9bdTAfBgNVHSMEGDAWgBR+ywoo8gI1jYx8TBCI3tSaMk9bdTAP
BgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIFO9MIe5VeZ1+Pm0RtjJ
+MEuJ6iaPT8KIiBvwwCvgFwYAiEA918PiDpm1LXDlzt6V8J2aSpbbeqHkCUm2+2H
Ddd6qnA=
-----END CERTIFICATE-----
)";

inline constexpr char kPrivateKeyPem[] = R"(
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgUaY2MKr+pQxitlgJ
oRW8ib4ITuYDyyme91Z1wTPLAsKhRANCAASa/Sod7JVZp49sUFaHjlmTyVMxMTJH
lhyF4GCj61mstFM49GuT1JlZmCbq+rvIeYFsefS4/wCIL7ahnW0WRSv7
-----END PRIVATE KEY-----
)";

inline constexpr char kOtherPrivateKeyPem[] = R"(
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgFvwOWatxHVAQat5L
AuUmBnm/byveACPJQ/IBz1fi5f2hRANCAAR0miuyEsiKndXOWCq2bYeLjDqrH8+E
A6lEXChfjR5omm1RvUmTjSd4u2bI1zd2j0zlB6lIHwJlFaEnqPmuXr90
-----END PRIVATE KEY-----
)";

}  // namespace cocos::testing
