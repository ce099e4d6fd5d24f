#include "source/mesh/manifests.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace weir::mesh {
namespace {

InjectOptions pinned() {
  InjectOptions options;
  options.sidecar.image = "weir:test";
  return options;
}

ManifestOutcome inject(std::string text, const InjectOptions& options = pinned()) {
  return injectManifests({{"in.yaml", std::move(text)}}, options);
}

ManifestOutcome uninject(std::string text) {
  return uninjectManifests({{"in.yaml", std::move(text)}});
}

std::string pod(std::string_view spec, std::string_view annotations = "{}") {
  return "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  annotations: " +
         std::string(annotations) + "\nspec: " + std::string(spec) + "\n";
}

// Each document of a text, as a tree.
std::vector<config::YamlNode> trees(const std::string& text) {
  const auto documents = readManifests({{"text", text}});
  EXPECT_TRUE(documents.ok()) << documents.error().detail;
  std::vector<config::YamlNode> roots;
  for (const auto& document : documents.value()) roots.push_back(document.yaml.root);
  return roots;
}

// The arguments of the init container of the only object.
std::string ruleArguments(const std::string& output) {
  const auto roots = trees(output);
  std::string all;
  for (const auto& item : roots.at(0).findPath("spec.initContainers")->items) {
    if (item.textAt("name") != "weir-init") continue;
    for (const auto& argument : item.find("args")->items) all += argument.text + " ";
  }
  return all;
}

std::string fileText(const std::string& name) {
  std::ifstream in("test/mesh/manifests/" + name);
  EXPECT_TRUE(in) << name;
  return {std::istreambuf_iterator<char>(in), {}};
}

struct Golden {
  const char* name;
  bool native;
};

class GoldenTest : public testing::TestWithParam<Golden> {
 protected:
  GoldenTest() {
    options_.sidecar.native = GetParam().native;
    name_ = GetParam().name;
    input_ = fileText(name_ + ".in.yaml");
  }

  InjectOptions options_ = pinned();
  std::string name_;
  std::string input_;
};

// WEIR_WRITE_GOLDEN=FOLDER writes what comes out there, to be looked at and put in the place of the
// old.
TEST_P(GoldenTest, InjectWritesTheFile) {
  const auto outcome = inject(input_, options_);
  if (const char* folder = std::getenv("WEIR_WRITE_GOLDEN")) {
    std::ofstream(std::string(folder) + "/" + name_ + ".out.yaml") << outcome.output;
    std::ofstream(std::string(folder) + "/" + name_ + ".report.txt") << outcome.report;
  }
  EXPECT_TRUE(outcome.ok);
  EXPECT_EQ(outcome.output, fileText(name_ + ".out.yaml"));
  EXPECT_EQ(outcome.report, fileText(name_ + ".report.txt"));
}

TEST_P(GoldenTest, TwiceIsTheSameAsOnce) {
  const auto once = inject(input_, options_);
  EXPECT_EQ(inject(once.output, options_).output, once.output);
}

TEST_P(GoldenTest, UninjectGivesBackWhatWasThere) {
  auto original = trees(input_);
  const auto back = trees(uninject(inject(input_, options_).output).output);
  ASSERT_EQ(back.size(), original.size());
  for (size_t i = 0; i < original.size(); ++i) {
    // A list that was empty is gone: that is the same to Kubernetes.
    if (auto* spec = original[i].findPath("spec.jobTemplate.spec.template.spec"))
      spec->erase("volumes");
    EXPECT_TRUE(back[i] == original[i]) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Manifests, GoldenTest,
                         testing::Values(Golden{"workloads", false}, Golden{"list", false},
                                         Golden{"native", true}, Golden{"untouched", false}),
                         [](const auto& golden) { return golden.param.name; });

TEST(ManifestsTest, WhatIsNotChangedIsPassedOnByteForByte) {
  const std::string text = fileText("untouched.in.yaml");
  const std::string out = inject(text).output;
  EXPECT_EQ(out, text.substr(0, text.find("...\n")) + text.substr(text.find("--- {")));
}

struct Refusal {
  std::string manifest;
  std::string why;
};

TEST(ManifestsTest, RefusesWithTheReasonAndWritesNothing) {
  const std::string_view app = "{name: app, image: app}";
  const auto with = [&](std::string_view other) {
    return pod("{containers: [" + std::string(app) + ", " + std::string(other) + "]}");
  };
  const std::string foreign = " is another mesh's sidecar";
  const Refusal cases[] = {
      {pod("{hostNetwork: true, containers: [{name: a}]}"), "pod p: hostNetwork is enabled"},
      {with("{name: istio-proxy, image: x}"), "container \"istio-proxy\"" + foreign},
      {with("{name: linkerd-proxy, image: x}"), "container \"linkerd-proxy\"" + foreign},
      {with("{name: x, image: 'cr.l5d.io/linkerd/proxy:stable-2.14'}"), "\"x\"" + foreign},
      {with("{name: x, image: 'localhost:5000/istio/proxyv2@sha256:00'}"), "\"x\"" + foreign},
      {with("{name: side, image: 'docker.io/envoyproxy/envoy:v1.30'}"), "\"side\"" + foreign},
      {with("{name: envoy, image: own}"), "\"envoy\"" + foreign},
      {pod("{containers: [{name: a}], initContainers: [{name: istio-init}]}"),
       "\"istio-init\"" + foreign},
      {pod("{containers: [{name: a, ports: [{containerPort: 4191}]}]}"),
       "container port 4191 is the proxy's own"},
      {pod("{securityContext: {runAsUser: 2102}, containers: [{name: a}]}"),
       "the pod runs as user 2102"},
      {pod("{containers: [{name: a, securityContext: {runAsUser: 2102}}]}"),
       "container \"a\" runs as user 2102"},
      {pod("{}"), "pod p: it has no list of containers"},
      {pod("{containers: [{name: a}]}", "{config.linkerd.io/opaque-ports: '80,mysql'}"),
       "annotation config.linkerd.io/opaque-ports on pod p: \"mysql\" is no port"},
      {pod("{containers: [{name: a}]}", "{config.linkerd.io/skip-outbound-ports: '70000'}"),
       "annotation config.linkerd.io/skip-outbound-ports on pod p: \"70000\""},
      {pod("{containers: [{name: a}]}", "{config.linkerd.io/skip-subnets: '10.0.0.0/8, 10.1/33'}"),
       "config.linkerd.io/skip-subnets on pod p or its namespace: \"10.1/33\""},
      {"apiVersion: v1\nkind: Namespace\nmetadata: {name: n, annotations: "
       "{config.linkerd.io/opaque-ports: x}}\n",
       "annotation config.linkerd.io/opaque-ports on namespace n: \"x\""},
      {"apiVersion: v1\nkind: Service\nmetadata: {name: s, annotations: "
       "{config.linkerd.io/opaque-ports: x}}\n",
       "annotation config.linkerd.io/opaque-ports on service s: \"x\""},
      {pod("{containers: [{name: a, name: b}]}"),
       "in.yaml:6:31: the key \"name\" stands here twice"},
  };
  for (const Refusal& one : cases) {
    const auto outcome = inject(one.manifest);
    EXPECT_FALSE(outcome.ok) << one.why;
    EXPECT_EQ(outcome.output, "");
    EXPECT_TRUE(outcome.report.starts_with("Error transforming resources:\n")) << outcome.report;
    EXPECT_NE(outcome.report.find(one.why), std::string::npos) << one.why << "\n" << outcome.report;
  }
}

TEST(ManifestsTest, SaysEverythingThatIsWrongAtOnce) {
  const auto outcome =
      inject(pod("{hostNetwork: true, containers: [{name: istio-proxy}]}") + "---\n" + pod("{}"));
  EXPECT_EQ(outcome.report,
            "Error transforming resources:\n"
            "  failed to inject pod p: hostNetwork is enabled\n"
            "  failed to inject pod p: container \"istio-proxy\" is another mesh's sidecar\n"
            "  failed to inject pod p: it has no list of containers\n");
}

TEST(ManifestsTest, AnEnvoyByItselfIsAnApplication) {
  EXPECT_TRUE(inject(pod("{containers: [{name: envoy, image: envoyproxy/envoy:v1.30}]}")).ok);
}

TEST(ManifestsTest, BrokenYamlIsToldWithItsPlaceInTheFile) {
  const auto outcome = inject("a: 1\n---\nb: [1\n---\nc: 1\n");
  EXPECT_FALSE(outcome.ok);
  EXPECT_TRUE(outcome.report.starts_with("in.yaml:")) << outcome.report;
  EXPECT_NE(outcome.report.find("not valid YAML"), std::string::npos) << outcome.report;
}

TEST(ManifestsTest, FlagsAnnotateEveryObjectThatTheyAreFor) {
  InjectOptions options = pinned();
  options.ports = {"+8080", "", "5432"};
  const auto outcome = inject(
      "apiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n---\n"
      "apiVersion: v1\nkind: Service\nmetadata: {name: s}\n---\n" +
          pod("{containers: [{name: a}]}"),
      options);
  const auto roots = trees(outcome.output);
  for (const size_t all : {0U, 2U}) {
    EXPECT_EQ(annotationOf(roots[all], OpaquePortsAnnotation), "+8080");
    EXPECT_EQ(annotationOf(roots[all], SkipInboundPortsAnnotation), "");
    EXPECT_EQ(annotationOf(roots[all], SkipOutboundPortsAnnotation), "5432");
  }
  EXPECT_EQ(annotationOf(roots[1], OpaquePortsAnnotation), "+8080");
  EXPECT_EQ(annotationOf(roots[1], SkipInboundPortsAnnotation), std::nullopt);
  EXPECT_EQ(outcome.report,
            "\nnamespace \"n\" annotated\nservice \"s\" annotated\npod \"p\" injected\n\n");
}

TEST(ManifestsTest, TheRulesGetTheListsThatCount) {
  const std::string space =
      "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: '', annotations: "
      "{config.linkerd.io/skip-inbound-ports: '+22', config.linkerd.io/skip-subnets: "
      "10.0.0.0/8}}\n";
  const std::string spec = "{containers: [{name: a, ports: [{name: web, containerPort: 80}]}]}";
  const std::string begin =
      "rules --apply --inbound-port 4143 --outbound-port 4140 --admin-port 4191 --proxy-uid 2102 ";
  EXPECT_EQ(ruleArguments(inject(pod(spec)).output),
            begin + "--skip-inbound-ports 4567-4568 --skip-outbound-ports 4567-4568 ");
  EXPECT_EQ(ruleArguments(inject(pod(spec) + space).output),
            begin +
                "--skip-inbound-ports 22,4567-4568 --skip-outbound-ports 4567-4568 "
                "--ignore-subnets 10.0.0.0/8 ");
  EXPECT_EQ(ruleArguments(inject(pod(spec,
                                     "{config.linkerd.io/skip-inbound-ports: '-4567,+web', "
                                     "config.linkerd.io/skip-outbound-ports: ''}") +
                                 space)
                              .output),
            begin +
                "--skip-inbound-ports 22,80,4568 --skip-outbound-ports  "
                "--ignore-subnets 10.0.0.0/8 ");
  InjectOptions older = pinned();
  older.defaults = portDefaultsOrNull("linkerd-2.10");
  EXPECT_EQ(ruleArguments(inject(pod(spec), older).output),
            begin + "--skip-inbound-ports  --skip-outbound-ports  ");
}

struct Warning {
  std::string manifest;
  std::string text;
};

TEST(ManifestsTest, WarnsOfWhatItCannotHelp) {
  const std::string spec = "{containers: [{name: a}]}";
  const Warning cases[] = {
      {pod("{containers: [{name: a, ports: [{containerPort: 53, protocol: UDP}]}]}"),
       "pod p: port 53 is UDP"},
      {pod(spec, "{linkerd.io/inject: enabled}"), "pod p: linkerd.io/inject is \"enabled\""},
      {pod(spec, "{linkerd.io/inject: disabled}"), "pod p: linkerd.io/inject is \"disabled\""},
      {pod(spec, "{config.linkerd.io/proxy-cpu-limit: '1'}"),
       "pod p: annotation config.linkerd.io/proxy-cpu-limit is not one that weir acts on"},
      {"apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec: {template: {spec: " + spec +
           "}}\n",
       "job j: its pod goes on running"},
      {"apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n", "no supported objects found"},
  };
  for (const Warning& one : cases) {
    const auto outcome = inject(one.manifest);
    EXPECT_TRUE(outcome.ok);
    EXPECT_NE(outcome.report.find("\u203c " + one.text), std::string::npos) << outcome.report;
  }
}

TEST(ManifestsTest, ANamespaceCanKeepItsWorkloadsOut) {
  const auto outcome =
      inject(pod("{containers: [{name: a}]}") +
             "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: '', annotations: "
             "{linkerd.io/inject: disabled}}\n");
  EXPECT_NE(outcome.report.find("pod \"p\" skipped"), std::string::npos) << outcome.report;
}

TEST(ManifestsTest, UninjectLeavesAnnotationsAndOtherVolumes) {
  InjectOptions options = pinned();
  options.ports.opaque = "80";
  const std::string in = pod("{containers: [{name: a}], volumes: [{name: own, emptyDir: {}}]}");
  const auto outcome = uninject(inject(in, options).output);
  EXPECT_EQ(outcome.output,
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  annotations:\n"
            "    config.linkerd.io/opaque-ports: \"80\"\nspec:\n  containers:\n  - name: a\n"
            "  volumes:\n  - name: own\n    emptyDir: {}\n");
  EXPECT_EQ(outcome.report, "\npod \"p\" uninjected\n\n");
}

}  // namespace
}  // namespace weir::mesh
