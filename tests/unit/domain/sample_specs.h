// One representative CVM or more for each shipped template, with every optional value of its kind
// set.
#pragma once

#include <string>
#include <vector>

#include "domain/render.h"
#include "domain/spec.h"

namespace cocos::domain::testing {

inline constexpr const char* kSampleId = "4f3d6c5e-6b1f-4c0a-9d55-0a1b2c3d4e5f";

DomainSpec PlainUefi();
DomainSpec MeasuredBoot();  // PlainUefi with a TPM
DomainSpec DirectKernelBoot();
DomainSpec SevSnpIgvm();
DomainSpec SevSnpOvmf();
DomainSpec TdxGuest();

struct Sample {
  std::string name;  // of the golden file
  DomainSpec spec;
  std::string template_name = name;
};
std::vector<Sample> AllSamples();

// Ends the test program if the shipped template cannot be used.
DomainTemplate ShippedTemplate(const std::string& name);
std::string ReadSourceFile(const std::string& path_in_repository);

}  // namespace cocos::domain::testing
