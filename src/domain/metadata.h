// The manager's element in a domain's <metadata>.
#pragma once

#include "domain/spec.h"
#include "domain/xml.h"

namespace cocos::domain {

// Fills an empty <cvm> element: declares our namespace on it and adds a child for each value.
// `metadata` has passed CheckMetadataValues.
void FillMetadata(Element cvm, const CvmMetadata& metadata);

}  // namespace cocos::domain
