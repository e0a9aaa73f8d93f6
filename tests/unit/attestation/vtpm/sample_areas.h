// Public areas that parse, without keys behind them.
#pragma once

#include "unit/attestation/vtpm/quote_builder.h"

namespace cocos::attestation::vtpm::testing {

// P-256's base point: a key whose private part everybody knows, but a point on the curve.
inline const Bytes kX =
    crypto::HexDecode("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296").value();
inline const Bytes kY =
    crypto::HexDecode("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5").value();

inline RawEcc BasePoint() {
  RawEcc raw;
  raw.x = kX;
  raw.y = kY;
  return raw;
}

inline RawRsa SomeRsa() {
  RawRsa raw;
  raw.modulus = Filled(256, 0xc1);
  return raw;
}

// An endorsement key after the standard template.
inline Bytes Ek() {
  RawRsa raw = SomeRsa();
  raw.attributes = kEkAttributes;
  raw.symmetric = crypto::HexDecode("000600800043").value();
  raw.scheme = 0x0010;
  raw.policy = Filled(32, 0x33);
  return raw.Write();
}

}  // namespace cocos::attestation::vtpm::testing
