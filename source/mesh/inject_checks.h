#pragma once

// What keeps a workload out of the mesh, and what its owner should know. Pure functions, any
// thread.

#include <string>
#include <string_view>
#include <vector>

#include "source/base/result.h"
#include "source/mesh/kubernetes_object.h"
#include "source/mesh/sidecar.h"

namespace weir::mesh {

inline constexpr std::string_view SkipSubnetsAnnotation = "config.linkerd.io/skip-subnets";

// By linkerd.io/inject on the pods, else on their namespace (null: not known).
bool isInjectionDisabled(const YamlNode& pod_template, const YamlNode* space);

// A line for each reason; "" for none. Requires: the template has no sidecar of Weir's.
std::string whyNotInjectable(const YamlNode& pod_template, const SidecarSettings& settings);

// One text each, with the object's name.
std::vector<std::string> injectWarnings(const ObjectName& name, const YamlNode& pod_template,
                                        const SidecarSettings& settings);

// Prefixes such as 10.0.0.0/8 by comma, without white space; an error that names the bad one.
Result<std::string> readSubnets(std::string_view text);

}  // namespace weir::mesh
